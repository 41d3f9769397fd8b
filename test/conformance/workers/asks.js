'use strict';

const { parent } = require('hawser/worker');

const early = parent.send('double', 1).catch(({ code }) => code);
const told = ({ name, code, message, limit }) => ({ name, code, message, limit });

module.exports = {
  echo: (payload) => payload,
  early: () => early,
  // What the host answers.
  ask: ([type, payload, options]) => parent.send(type, payload, options),
  fails: ([type, payload, options]) => parent.send(type, payload, options).then(String, told),
  askMany: (count) =>
    Promise.all(Array.from({ length: count }, (_, i) => parent.send('double', i))),
  post: ([type, payload]) => {
    try {
      return parent.post(type, payload);
    } catch (error) {
      return told(error);
    }
  },
  postMany: (count) => {
    for (let i = 0; i < count; i++) parent.post('note', i);
  },
  // One end asks the other, in turn.
  descend: async (depth) =>
    depth === 0 ? [] : [depth, ...(await parent.send('descend', depth - 1))],
  abortAfterProgress: () => {
    const controller = new AbortController();
    const { signal } = controller;
    const onProgress = (value) => controller.abort(value);
    return parent.send('untilAborted', 1, { signal, onProgress }).then(String, (reason) => reason);
  },
  never: () => parent.send('never'),
  exit: (code) => process.exit(code),
};
