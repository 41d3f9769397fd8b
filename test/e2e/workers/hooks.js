'use strict';

const { startWorkerServer, workerData } = require('hawser/worker');

const hooks = {
  throws: () => {
    throw new RangeError('no such table');
  },
  rejects: async () => {
    throw new RangeError('no such table');
  },
  neverEnds: () => new Promise(() => {}),
  exits: () => process.exit(9),
};

startWorkerServer({ echo: (payload) => payload }, { onStart: hooks[workerData] });
