'use strict';

const { fork } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const Pending = require('./pending.js');
const { pack, unpack } = require('../peers/base64.js');

const PEER = path.join(__dirname, '../peers/fork.js');
const unchanged = (message) => message;

/** @param {{ serialization: 'json' | 'advanced' }} options */
module.exports = function create({ serialization }) {
  const child = fork(PEER, [serialization], { serialization });
  const [toWire, fromWire] = serialization === 'json' ? [pack, unpack] : [unchanged, unchanged];
  const pending = new Pending();
  let unsent = 0;
  let whenSent = null;
  const sent = () => {
    unsent -= 1;
    if (unsent === 0 && whenSent) whenSent();
  };
  child.on('message', (answer) => pending.settle(fromWire(answer)));

  return {
    pid: child.pid,
    call: (value, type) => pending.call(value, type, (message) => child.send(toWire(message))),
    post(value, type = 'count') {
      unsent += 1;
      return child.send(toWire({ type, value }), sent);
    },
    drained: () => new Promise((resolve) => (whenSent = resolve)),
    stats: () => ({ transport: 'pipe' }),
    async close() {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
};
