'use strict';

const path = require('node:path');
const { createWorker } = require('hawser');
const { startWorkerServer } = require('hawser/worker');

let inner;

startWorkerServer(
  { through: (payload) => inner.send('echo', payload) },
  {
    onStart: async () => {
      inner = await createWorker(path.join(__dirname, 'verbs.js'));
    },
    onShutdown: () => inner.shutdown(),
  },
);
