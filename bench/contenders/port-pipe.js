'use strict';

const { once } = require('node:events');
const path = require('node:path');
const { MessageChannel, Worker } = require('node:worker_threads');
const { openPortPipe } = require('../peers/open-port-pipe.js');
const Pending = require('./pending.js');

const PEER = path.join(__dirname, '../peers/port-pipe.js');

/** A pipe in object mode to a thread. @param {{ adapter: 'hawser' | 'reference' }} options */
module.exports = function create({ adapter }) {
  const { port1, port2 } = new MessageChannel();
  const workerData = { port: port2, adapter };
  const worker = new Worker(PEER, { workerData, transferList: [port2] });
  const pipe = openPortPipe(port1, adapter);
  const pending = new Pending();
  const ask = ({ id, type = 'echo', value }) => pipe.write({ ask: type, id, value });
  pipe.on('data', (answer) => pending.settle(answer));

  return {
    pid: process.pid,
    sharesProcess: true,
    call: (value, type) => pending.call(value, type, ask),
    post: (value) => pipe.write(value),
    drained: () => once(pipe, 'drain'),
    stats: () => ({ transport: 'MessagePort' }),
    async close() {
      pipe.destroy();
      await worker.terminate();
    },
  };
};
