'use strict';

/** A worker that nobody has started by createWorker: a program that waits for hosts at a named socket. */

const { begin, loadParent, serverOf } = require('./bootstrap');
const { DEFAULTS } = require('./options');
const { socketPathOf } = require('./named-socket');

const STATE = Symbol.for('hawser.worker');

/**
 * @param {object} handlers checked, as the options
 * @param {any} options
 * @returns {Promise<{ stop(): Promise<void>, readonly isRunning: boolean }>} when it listens
 * @throws {Error} with the code of the system where it cannot
 */
async function serveStandalone(handlers, options) {
  globalThis[STATE] = {
    isStandalone: true,
    workerData: undefined, // until a host brings some
    get parent() {
      return loadParent();
    },
    serve() {
      throw new TypeError('startWorkerServer must be called once');
    },
  };
  try {
    await options.onStart?.();
    const listen = { socketPath: socketPathOf(options.socketPath) };
    begin({ ...DEFAULTS, listen, served: { handlers, options } });
  } catch (error) {
    delete globalThis[STATE];
    throw error;
  }
  return serverOf();
}

module.exports = { serveStandalone };
