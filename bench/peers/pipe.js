'use strict';

const { startWorkerServer } = require('../../lib/worker.js');
const { serveBytes, serveObjects } = require('./serve-pipe.js');
const { usage } = require('./handlers.js');

let bytes;

startWorkerServer(
  { usage, tally: (expected) => bytes.reached(expected), echo: (value) => value },
  {
    onPipe(pipe, name) {
      if (name === 'objects') serveObjects(pipe);
      else bytes = serveBytes(pipe);
    },
  },
);
