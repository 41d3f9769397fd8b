'use strict';

const { isWorker, workerData } = require('hawser/worker');

const forever = () => new Promise(() => {});

module.exports = {
  echo: (payload) => payload,
  never: forever,
  about: () => ({
    argv: process.argv,
    execArgv: process.execArgv,
    env: { ...process.env },
    cwd: process.cwd(),
    title: process.title,
    isWorker,
    workerData,
    isMain: require.main === module,
  }),
  exit: (code) => process.exit(code),
  kill: (signal) => {
    process.kill(process.pid, signal);
    return forever();
  },
  // Ends the process behind the answer, in the same turn.
  answerAndExit: (bytes) => {
    process.nextTick(() => process.exit(0));
    return Buffer.alloc(bytes, 'z');
  },
  throwLater: (message) => {
    setImmediate(() => {
      throw new Error(message);
    });
    return forever();
  },
  rejectLater: (message) => {
    Promise.reject(new Error(message));
    return forever();
  },
  busyFor: (ms) => {
    const until = Date.now() + ms;
    while (Date.now() < until);
  },
  loop: () => {
    for (;;);
  },
  block: () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
  blockFor: (ms) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    return ms;
  },
  ignoreSigterm: () => {
    process.on('SIGTERM', () => {});
  },
};
