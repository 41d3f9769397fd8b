'use strict';

/** Two workers log through pipes of their own; nobody waits for a log line, and none is lost. */

const { once } = require('node:events');
const { createWorker } = require('hawser');

const counts = { info: 0, warn: 0 };
const open = [];

function collect(pipe) {
  open.push(once(pipe, 'close'));
  pipe.on('data', ({ level, worker, text }) => {
    counts[level]++;
    if (level === 'warn') console.log(`${worker}: ${text}`);
  });
  pipe.on('end', () => pipe.end());
}

async function main() {
  const workers = await Promise.all(
    ['left', 'right'].map((name) =>
      createWorker({ script: require.resolve('./worker.js'), workerData: { name } }),
    ),
  );
  for (const worker of workers) worker.on('pipe', collect);
  const sums = await Promise.all(workers.map((worker) => worker.send('work', 5000)));
  await Promise.all(workers.map((worker) => worker.shutdown()));
  await Promise.all(open);
  console.log(`sums ${sums}; logged ${counts.info} times, warned ${counts.warn} times`);
}

main();
