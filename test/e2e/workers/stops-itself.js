'use strict';

const { startWorkerServer } = require('hawser/worker');

let server;

startWorkerServer(
  {
    stop: () => {
      process.stdout.write(`${server.isRunning}, then `);
      server.stop();
    },
  },
  { onShutdown: (reason) => process.stdout.write(`${reason}, then ${server.isRunning}\n`) },
).then((started) => (server = started));
