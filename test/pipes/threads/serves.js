'use strict';

const { pipeline } = require('node:stream');
const { parentPort, workerData } = require('node:worker_threads');
const { WorkerPipeAdapter } = require('hawser/pipes');

const adapt = (port) => new WorkerPipeAdapter(port).createDuplex({ objectMode: true });

const jobs = {
  echo() {
    const pipe = adapt(parentPort);
    pipeline(pipe, pipe, () => {});
  },
  dies() {
    const pipe = adapt(parentPort);
    pipe.once('data', () => {
      pipe.write('one');
      pipe.write('two', () => process.exit());
    });
  },
  tells() {
    parentPort.once('message', (port) => {
      adapt(port).on('error', ({ name, message, code }) =>
        parentPort.postMessage([name, message, code]),
      );
    });
  },
};

jobs[workerData.job]();
