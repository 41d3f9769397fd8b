'use strict';

/* For --require: the ten seconds that a worker waits for its host are over at once. */

const { setTimeout } = globalThis;

globalThis.setTimeout = (callback, delay, ...args) =>
  setTimeout(callback, delay === 10_000 ? 1 : delay, ...args);
