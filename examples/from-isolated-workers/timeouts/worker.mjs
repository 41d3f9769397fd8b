import { setTimeout as wait } from 'node:timers/promises';
import { startWorkerServer } from 'hawser';

const found = new Map();

startWorkerServer({
  lookup: async ({ word }) => {
    await wait(20);
    return { length: word.length, known: found.has(word) };
  },
  // Takes longer than whoever asks may want to wait.
  crawl: async ({ word }) => {
    found.set(word, true);
    await wait(600);
    return { pages: 3 };
  },
});
