'use strict';

/* ends.js HOW: has a worker, prints its pid, and ends without shutting it down. */

const path = require('node:path');
const { createWorker } = require('hawser');

const flood = (worker) => {
  for (let i = 0; i < 1000; i++) worker.send('echo', { i, filler: 'x'.repeat(1000) });
};

const endings = {
  unref: (worker) => worker.unref(),
  unrefPending: (worker) => {
    worker.send('never');
    worker.unref();
  },
  exit: async (worker) => {
    flood(worker);
    await worker.send('echo', 1);
    process.exit(5);
  },
  exitAtOnce: (worker) => {
    flood(worker);
    process.exit(6);
  },
  throw: async (worker) => {
    flood(worker);
    await worker.send('echo', 1);
    setImmediate(() => {
      throw new Error('a fault of the host');
    });
  },
  throwInDelivery: (worker) => {
    worker.on('state', () => {});
    worker.send('echo', 1).then(() => {
      throw new Error('a fault of the host');
    });
  },
};

async function main([how]) {
  const script = path.join(__dirname, '..', 'workers', 'verbs.js');
  const worker = await createWorker(script, { stdio: 'ignore' });
  console.log(worker.pid);
  await endings[how](worker);
}

main(process.argv.slice(2));
