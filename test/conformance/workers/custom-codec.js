'use strict';

const { startWorkerServer } = require('hawser/worker');
const serializer = require('./upside-down');

startWorkerServer({ echo: (payload) => payload }, { serializer });
