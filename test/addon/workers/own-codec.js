'use strict';

const { startWorkerServer } = require('hawser/worker');
const { own } = require('../programs/own-codec');

startWorkerServer({ echo: (payload) => payload }, { serializer: own() });
