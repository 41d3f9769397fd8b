'use strict';

const { startWorkerServer, workerData } = require('hawser/worker');

const said = [];
const log =
  (level) =>
  (...words) => {
    said.push([level, ...words]);
    if (workerData.broken) throw new Error('broken');
  };
const logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };

const handlers = {
  fail: (message) => {
    throw new RangeError(message);
  },
  said: () => said,
};
const { own, level } = workerData;

startWorkerServer(handlers, { logger: own ? logger : undefined, logLevel: level });
