import { createWorker, WorkerCrashedError } from 'hawser';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = mkdtempSync(join(tmpdir(), 'frames-'));
const marker = join(folder, 'met');

const worker = await createWorker({
  script: fileURLToPath(new URL('./worker.mjs', import.meta.url)),
  unexpectedShutdown: {
    strategy: 'retry',
    attempts: 2,
    charge: { strategy: 'reject' }, // nobody pays twice
  },
});

try {
  const before = worker.pid;
  const frames = await Promise.all(
    [1, 2, 3].map((frame) => worker.send('render', { frame, marker })),
  );
  console.log('rendered:', frames.map(({ frame, bytes }) => `${frame}/${bytes}`).join(' '));
  console.log('in another process:', worker.pid !== before);

  await worker.send('charge', { cents: 500 }).catch((error) => {
    if (!(error instanceof WorkerCrashedError)) throw error;
    const { reason, messageType, attempt, maxAttempts } = error;
    console.log(`${messageType} crashed:`, reason.type, reason.signal, `${attempt}/${maxAttempts}`);
  });

  const { bytes } = await worker.send('render', { frame: 4, marker });
  console.log('goes on:', bytes);
} finally {
  await worker.close();
  rmSync(folder, { recursive: true });
}
