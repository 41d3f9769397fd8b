import { createWorker } from 'hawser';
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';
import type { Messages } from './messages.mjs';

const here = dirname(fileURLToPath(import.meta.url));

async function main(): Promise<void> {
  const worker = await createWorker<Messages>({
    script: join(here, 'worker.mjs'),
    timeout: 10_000,
  });
  try {
    const { message, pid } = await worker.send('ping', { message: 'hello' });
    console.log(message);
    console.log('in a process of its own:', pid === worker.pid && pid !== process.pid);

    const sums = await Promise.all(
      [1, 10, 100].map((n) => worker.send('sum', { values: [n, n, n] })),
    );
    console.log('sums:', sums.map(({ total }) => total).join(', '));

    console.log('without a result:', await worker.send('note', { line: 'done' }));
  } finally {
    await worker.close();
  }
}

main().catch((error) => {
  console.error('failed:', error);
  process.exit(1);
});
