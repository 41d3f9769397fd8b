'use strict';

/* The same worker over worker_threads: what has to be written by hand there, less the error handling. */

const { once } = require('node:events');
const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const { measure } = require('./worker.js');

exports.startThread = async () => {
  const worker = new Worker(__filename);
  await once(worker, 'online');
  const waiting = new Map();
  let lastId = 0;
  worker.on('message', ({ id, answer }) => {
    waiting.get(id)(answer);
    waiting.delete(id);
  });
  return {
    measure: (file) =>
      new Promise((resolve) => {
        waiting.set(++lastId, resolve);
        worker.postMessage({ id: lastId, file });
      }),
    stop: () => worker.terminate(),
  };
};

if (!isMainThread) {
  parentPort.on('message', ({ id, file }) => parentPort.postMessage({ id, answer: measure(file) }));
}
