'use strict';

const { once } = require('node:events');
const path = require('node:path');
const Pending = require('./pending.js');

const PEER = path.join(__dirname, '../peers/pipe.js');

/** A pipe in object mode to a worker. @param {object} options of createWorker */
module.exports = async function create(options) {
  const { createWorker } = require('../../lib/index.js');
  const worker = await createWorker({ script: PEER, ...options });
  const pipe = worker.openPipe('objects', { objectMode: true });
  const pending = new Pending();
  const ask = ({ id, type = 'echo', value }) => pipe.write({ ask: type, id, value });
  pipe.on('data', (answer) => pending.settle(answer));

  return {
    pid: worker.pid,
    call: (value, type) => (type === 'usage' ? worker.send(type) : pending.call(value, type, ask)),
    post: (value) => pipe.write(value),
    drained: () => once(pipe, 'drain'),
    stats: () => ({ ...worker.stats(), transport: worker.transport }),
    async close() {
      pipe.destroy();
      await worker.terminate();
    },
  };
};
