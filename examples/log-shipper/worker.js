'use strict';

const { finished } = require('node:stream/promises');
const { parent, startWorkerServer, workerData } = require('hawser/worker');

let log;

function work(items) {
  log ??= parent.openPipe('log', { objectMode: true });
  let sum = 0;
  for (let item = 1; item <= items; item++) {
    const level = item % 2500 === 0 ? 'warn' : 'info';
    log.write({ level, worker: workerData.name, text: `item ${item}` });
    sum += item;
  }
  return sum;
}

/** The last lines leave before the process does. */
async function onShutdown() {
  if (log === undefined) return;
  log.resume().end();
  await finished(log);
}

startWorkerServer({ work }, { onShutdown });
