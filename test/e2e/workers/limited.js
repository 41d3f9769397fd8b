'use strict';

const { AsyncLocalStorage } = require('node:async_hooks');
const { setImmediate: turn } = require('node:timers/promises');
const { parent, startWorkerServer, workerData } = require('hawser/worker');

const storage = new AsyncLocalStorage();
const started = [];
let running = 0;
let most = 0;
let release;
const released = new Promise((resolve) => (release = resolve));

process.on('SIGUSR2', () => {
  const begin = Date.now();
  while (Date.now() - begin < 30); // past the deadline of whoever had given up before
  release();
});

parent.events.on('sync', () => parent.emit('synced')); // no limit for events

const handlers = {
  async slow(name) {
    started.push(name);
    running++;
    most = Math.max(most, running);
    const store = storage.getStore();
    storage.enterWith(name);
    await turn();
    await turn();
    running--;
    return store;
  },
  held: () => released,
  quick: (name) => started.push(name),
  fail: async (name) => {
    started.push(name);
    await turn();
    throw new Error(name);
  },
  failAtOnce: (name) => {
    throw new Error(name);
  },
  seen: () => ({ started, most }),
};

startWorkerServer(handlers, { maxConcurrency: workerData });
