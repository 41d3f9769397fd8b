'use strict';

const { AsyncLocalStorage } = require('node:async_hooks');
const { closeSync } = require('node:fs');
const { setImmediate: turn } = require('node:timers/promises');
const { workerData } = require('hawser/worker');

class QuotaError extends Error {
  constructor(message, details) {
    super(message, details);
    this.name = 'QuotaError';
    this.code = 'E_QUOTA';
    this.limit = 7;
  }
}

const storage = new AsyncLocalStorage();
const counts = new Map();

const together = [];
let release;
let turns = 0;

module.exports = {
  echo: (payload) => payload,
  // Settles after others that began later.
  later: async (payload) => {
    await turn();
    return payload;
  },
  behind: (payload) => new Promise((resolve) => (release = () => resolve(payload))),
  ahead: (payload) => {
    release();
    return payload;
  },
  data: () => workerData,
  typeError: () => {
    throw new TypeError('no such colour', { cause: new RangeError('of 3 colours') });
  },
  quotaError: async () => {
    throw new QuotaError('quota is used up');
  },
  throwNull: () => {
    throw null;
  },
  returnFunction: () => ({ list: [1, () => {}] }),
  // As a program does that wants nothing of what it may have inherited.
  closeLowDescriptors: () => {
    let closed = 0;
    for (let fd = 3; fd < 7; fd++) {
      try {
        closeSync(fd);
        closed++;
      } catch (error) {
        if (error.code !== 'EBADF') throw error;
      }
    }
    return closed;
  },
  never: () => new Promise(() => {}),
  exit: (code) => process.exit(code),
  answerAndDie: (bytes) => {
    setImmediate(() => process.kill(process.pid, 'SIGKILL'));
    return Buffer.alloc(bytes);
  },
  kill: () => process.kill(process.pid, 'SIGKILL'),
  // Leaves as soon as the answer has been handed over.
  answerAndExit: (bytes) => {
    process.nextTick(() => process.exit(0));
    return Buffer.alloc(bytes, 'z');
  },
  // All at once, with the last of them, and leaves before the host can have caught up.
  answerTogetherAndExit: ({ bytes, isLast }) => {
    if (isLast) {
      for (const answer of together) answer(Buffer.alloc(bytes));
      setImmediate(() => process.exit(0));
      return Buffer.alloc(bytes);
    }
    return new Promise((resolve) => together.push(resolve));
  },
  // How often the loop turned behind such calls before this one.
  turnsBefore: (busyMs) => {
    const before = Date.now();
    while (Date.now() - before < busyMs);
    setImmediate(() => turns++);
    return turns;
  },
  count: (id) => {
    counts.set(id, (counts.get(id) ?? 0) + 1);
    return id;
  },
  counts: () => [...counts.values()],
  enter: async (id) => {
    const before = storage.getStore();
    storage.enterWith(id);
    await turn();
    return { before, after: storage.getStore() };
  },
};
