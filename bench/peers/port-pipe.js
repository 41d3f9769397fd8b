'use strict';

const { workerData } = require('node:worker_threads');
const { openPortPipe } = require('./open-port-pipe.js');
const { serveObjects } = require('./serve-pipe.js');

serveObjects(openPortPipe(workerData.port, workerData.adapter));
