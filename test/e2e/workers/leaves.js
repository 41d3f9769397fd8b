'use strict';

const fs = require('node:fs');
const { startWorkerServer, workerData: file } = require('hawser/worker');

const note = (text) => fs.appendFileSync(file, `${text}\n`);
let release;
const released = new Promise((resolve) => (release = resolve));

startWorkerServer(
  {
    // Ends when the signal of endBy has come.
    running: () => released.then(() => note('ran')).then(() => 'ran'),
    never: (_, { signal }) =>
      new Promise(() => signal.addEventListener('abort', () => note('aborted'))),
    endBy: (signal) => {
      process.kill(process.pid, signal);
      setTimeout(release, 20);
    },
    ready: () => process.pid,
  },
  { onShutdown: (reason) => note(reason) },
);
process.on('exit', () => note('exit'));
