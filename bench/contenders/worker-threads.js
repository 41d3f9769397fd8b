'use strict';

const path = require('node:path');
const { setImmediate: nextTurn } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');
const Pending = require('./pending.js');

const PEER = path.join(__dirname, '../peers/thread.js');
const asBuffer = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/** @param {{ transfer?: boolean }} options  transfer: hand byte arrays over instead of copying them */
module.exports = function create({ transfer = false }) {
  const worker = new Worker(PEER, { workerData: { transfer } });
  const pending = new Pending();
  const transfers = (value) => (transfer && ArrayBuffer.isView(value) ? [value.buffer] : []);
  worker.on('message', (answer) => {
    if (ArrayBuffer.isView(answer.value)) answer.value = asBuffer(answer.value);
    pending.settle(answer);
  });

  return {
    pid: process.pid,
    sharesProcess: true,
    call: transfer
      ? (value, type) => pending.call(value, type, (m) => worker.postMessage(m, transfers(value)))
      : (value, type) => pending.call(value, type, (message) => worker.postMessage(message)),
    post(value, type = 'count') {
      worker.postMessage({ type, value });
      return true;
    },
    drained: () => nextTurn(),
    stats: () => ({ transport: 'MessagePort' }),
    close: () => worker.terminate(),
  };
};
