'use strict';

const { setImmediate: turn } = require('node:timers/promises');
const { startWorkerServer } = require('hawser/worker');

const slow = async () => {
  await turn();
  process.stdout.write('slow ended, ');
  return 'done';
};
const onShutdown = async (reason) => {
  await turn();
  process.stdout.write(`${reason}\n`);
};

startWorkerServer({ slow }, { onShutdown });
