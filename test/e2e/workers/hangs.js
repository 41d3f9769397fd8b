'use strict';

const { once } = require('node:events');
const { parent } = require('hawser/worker');

module.exports = {
  echo: (payload) => payload,
  pid: () => process.pid,
  // Says that it runs, and never ends.
  busy: () => {
    parent.emit('runs');
    setImmediate(() => {
      for (;;);
    });
    return new Promise(() => {});
  },
  never: () => {
    parent.emit('runs');
    return new Promise(() => {});
  },
  untilAborted: async (_, { signal }) => {
    parent.emit('runs');
    await once(signal, 'abort');
  },
  askHost: (options) => parent.send('any', 1, options),
};
