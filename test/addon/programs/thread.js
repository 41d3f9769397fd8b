'use strict';

/** A thread that hosts a worker, and says when it is at the moment that it was started for. */

const { parentPort, workerData } = require('node:worker_threads');
const { MOMENTS } = require('./moments');

const { moment, transport, exits } = workerData;

MOMENTS[moment](transport, () => {
  if (exits) process.exit();
  parentPort.postMessage('now');
  for (;;); // ended by terminate()
});
