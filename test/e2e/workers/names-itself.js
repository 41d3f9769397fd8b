'use strict';

const { startWorkerServer } = require('hawser/worker');

startWorkerServer({}, { socketPath: '/elsewhere' });
