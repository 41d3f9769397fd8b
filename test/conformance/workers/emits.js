'use strict';

const { once } = require('node:events');
const fs = require('node:fs');
const { parent } = require('hawser/worker');

const heard = [];
const waiting = []; // { count, resolve }
let early; // what an event during the evaluation of this script came to

try {
  parent.emit('early');
} catch (error) {
  early = error.code;
}

parent.events.on('note', (data) => {
  heard.push(data);
  for (const { count, resolve } of waiting) if (heard.length >= count) resolve([...heard]);
});
parent.events.on('ask', (data) => parent.emit('told', data));

module.exports = {
  echo: (payload) => payload,
  early: () => early,
  emit: ([name, data], context) => context.emit(name, data),
  // Its answer stands between the events of its neighbours.
  emitAndAnswer: ({ id, body }, context) => {
    try {
      context.emit('at', { id });
    } catch ({ code }) {
      return { code, body };
    }
    return { body };
  },
  heard: (count) =>
    new Promise((resolve) => {
      waiting.push({ count, resolve });
      if (heard.length >= count) resolve([...heard]);
    }),
  heedsFalse: async ({ count, bytes }) => {
    let falses = 0;
    const body = Buffer.alloc(bytes);
    for (let id = 0; id < count; id++) {
      if (parent.emit('at', { id, body })) continue;
      falses++;
      await once(parent.events, 'drain');
    }
    return falses;
  },
  // Until the cap; resolves to how many were accepted and what ended it.
  ignoresFalse: ({ bytes }) => {
    const body = Buffer.alloc(bytes);
    for (let id = 0; ; id++) {
      try {
        parent.emit('at', { id, body });
      } catch ({ name, code }) {
        return { accepted: id, name, code };
      }
    }
  },
  refusals: () =>
    [[5], [undefined], ['\u00e9'.repeat(513)], ['a', () => {}]].map((args) => {
      try {
        return parent.emit(...args);
      } catch ({ name }) {
        return name;
      }
    }),
  blockUntil: (file) => {
    while (!fs.existsSync(file)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  },
};
