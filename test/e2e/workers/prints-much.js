'use strict';

const { startWorkerServer, workerData: bytes } = require('hawser/worker');

/** More than a pipe has room for, when it leaves. */
function onShutdown() {
  for (const stream of [process.stdout, process.stderr]) stream.write(`${'x'.repeat(bytes)}end`);
}

startWorkerServer({}, { onShutdown });
