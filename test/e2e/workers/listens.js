'use strict';

/**
 * A worker that nobody starts by createWorker: listens.js OPTIONS, of startWorkerServer, in JSON.
 * Prints a line of JSON for what happens.
 */

const fs = require('node:fs');
const { startWorkerServer } = require('hawser');
const worker = require('hawser/worker');
const verbs = require('./verbs');

const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const [options] = process.argv.slice(2).map((text) => JSON.parse(text));
if (options.umask !== undefined) process.umask(options.umask);
delete options.umask;

const handlers = {
  ...verbs,
  data: () => worker.workerData,
  isWorker: () => worker.isWorker,
  // Leaves as many descriptors as are asked for.
  exhaust: (left) => {
    const taken = [];
    try {
      for (;;) taken.push(fs.openSync('/dev/null'));
    } catch {
      for (const fd of taken.slice(-left)) fs.closeSync(fd);
    }
  },
  later: async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    print('finished');
  },
};
const hooks = {
  onStart: () => print('onStart'),
  onShutdown: (reason) => print(`onShutdown ${reason}`),
};

startWorkerServer(handlers, { ...options, ...hooks }).then(
  () => print('listening'),
  ({ name, code, message }) => print({ name, code, message }),
);
