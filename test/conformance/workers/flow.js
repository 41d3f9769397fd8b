'use strict';

const { once } = require('node:events');
const fs = require('node:fs');
const { setImmediate: turn } = require('node:timers/promises');
const { bodyOf } = require('../bodies');

let seen = []; // ids, in the order in which their handlers were called
let wrong = [];
let running = 0;
let mostRunning = 0;
let queue = Promise.resolve();
let gate;
let open;
const close = () => (gate = new Promise((resolve) => (open = resolve)));
close();

function note({ id, body }) {
  seen.push(id);
  if (!bodyOf(id, body.length).equals(body)) wrong.push(id);
}

function mark({ id, file, body }) {
  if (body) note({ id, body });
  fs.appendFileSync(file, `${id}\n`);
  return id;
}

const signalled = once(process, 'SIGUSR2');

module.exports = {
  note,
  // Takes its message credit until all before it have ended, a turn of the loop each.
  noteSlowly: (payload) => {
    note(payload);
    queue = queue.then(() => turn());
    return queue;
  },
  noteAndThrow: (payload) => {
    note(payload);
    throw new Error('as every time');
  },
  // What has been seen since the last call.
  seen: () => {
    const answer = { ids: seen, wrong };
    seen = [];
    wrong = [];
    return answer;
  },
  crowd: async () => {
    mostRunning = Math.max(mostRunning, ++running);
    await turn();
    running--;
  },
  mostRunning: () => mostRunning,
  // Runs until as many calls of it are there.
  gather: async (count) => {
    if (++running === count) open();
    await gate;
    return running;
  },
  // Leaves its id in a file, which outlives this process.
  mark,
  markLater: async (payload) => {
    await turn();
    return mark(payload);
  },
  markAndEnd: (payload) => {
    mark(payload);
    if (payload.how === 'exit') process.exit(7);
    process.kill(process.pid, payload.how);
  },
  // Answers when SIGUSR2 comes, which needs no credit.
  untilSignal: async (payload) => {
    note({ id: payload, body: bodyOf(payload, 0) });
    await signalled;
    return payload;
  },
  // Neither reads nor answers until that file is there.
  blockUntil: (file) => {
    while (!fs.existsSync(file)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  },
  echo: (payload) => payload,
  body: ({ id, length }) => bodyOf(id, length),
  lengthOf: (payload) => payload?.length,
  typeOf: (payload) => typeof payload,
};
