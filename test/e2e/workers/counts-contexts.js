'use strict';

const { createHook } = require('node:async_hooks');
const { setImmediate: turn } = require('node:timers/promises');

const alive = new Set();
createHook({
  init: (id, type) => type === 'HAWSER_CALL' && alive.add(id),
  destroy: (id) => alive.delete(id),
}).enable();

exports.echo = (payload) => payload;

exports.alive = async () => {
  for (let i = 0; i < 5; i++) {
    globalThis.gc();
    await turn();
  }
  return alive.size;
};
