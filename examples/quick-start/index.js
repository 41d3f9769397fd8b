'use strict';

/* Hash, compress and count the words of every file of this project: in a worker process, then for
 * comparison in a worker thread and right here. All three must come to the same totals. */

const { createWorker } = require('hawser');
const { report } = require('./report.js');
const { startThread } = require('./thread.js');
const { readTree } = require('./tree.js');
const { measure } = require('./worker.js');

async function startProcess() {
  const worker = await createWorker({ script: require.resolve('./worker.js') });
  return {
    measure: (file) => worker.send('measure', file),
    stop: () => worker.shutdown(),
  };
}

const stayHere = () => ({ measure, stop() {} });

async function main() {
  const agreed = await report(readTree(), {
    'here, no worker': stayHere,
    'hawser process': startProcess,
    worker_threads: startThread,
  });
  if (!agreed) process.exitCode = 1;
}

main();
