'use strict';

const { once } = require('node:events');
const fs = require('node:fs');
const { setImmediate: turn } = require('node:timers/promises');

const say = (text) => fs.writeSync(1, `${JSON.stringify(text)}\n`);

module.exports = {
  echo: (payload) => payload,
  untilAborted: async (_, { signal }) => {
    if (!signal.aborted) await once(signal, 'abort');
  },
  // Wants node --expose-gc.
  heapUsed: async () => {
    for (let i = 0; i < 3; i++) {
      await turn();
      globalThis.gc();
    }
    return process.memoryUsage().heapUsed;
  },
  sayAborted: (_, { signal }) => {
    signal.addEventListener('abort', () => say('aborted'));
    say('sayAborted');
    return new Promise(() => {});
  },
};
