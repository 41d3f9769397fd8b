import { createWorker } from 'hawser';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./worker.mjs', import.meta.url));

const worker = await createWorker({
  script,
  timeout: {
    WORKER_STARTUP: 10_000,
    SERVER_CONNECT: 30_000,
    WORKER_MESSAGE: 20_000,
    crawl: 100,
  },
});

try {
  console.log('before:', await worker.send('lookup', { word: 'hawser' }));
  const crawls = await Promise.allSettled([
    worker.send('crawl', { word: 'hawser' }),
    worker.send('crawl', { word: 'halyard' }),
  ]);
  for (const { reason } of crawls) console.log('gave up:', reason.message);
  console.log('after:', await worker.send('lookup', { word: 'hawser' }));
} finally {
  await worker.close();
}

const hasty = await createWorker({ script, timeout: { WORKER_MESSAGE: 50 } });
await hasty.send('crawl', { word: 'rope' }).catch((error) => {
  console.log('gave up:', error.message);
});
await hasty.close();
