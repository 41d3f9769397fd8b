'use strict';

const { once } = require('node:events');
const path = require('node:path');

const PEER = path.join(__dirname, '../peers/pipe.js');

/** A pipe of bytes to a worker. @param {object} options of createWorker */
module.exports = async function create(options) {
  const { createWorker } = require('../../lib/index.js');
  const worker = await createWorker({ script: PEER, ...options });
  const pipe = worker.openPipe('bytes');

  return {
    pid: worker.pid,
    call: (value, type = 'echo') => worker.send(type, value),
    post: (chunk) => pipe.write(chunk),
    drained: () => once(pipe, 'drain'),
    stats: () => ({ ...worker.stats(), transport: worker.transport }),
    async close() {
      pipe.destroy();
      await worker.terminate();
    },
  };
};
