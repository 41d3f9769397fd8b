'use strict';

/** The worker's side: 'hawser/worker'. One state, even where two copies of the package are loaded. */

const { checkServer } = require('./options');

/** Asked each time: a module that is preloaded may load this file before the worker has a state. */
const stateOf = () => globalThis[Symbol.for('hawser.worker')];

/**
 * Serve these handlers instead of the module's exports. To be called once, before the evaluation of
 * the worker's script settles.
 * @param {object} handlers functions by the type that they answer
 * @param {object} [options] serializer, onStart, onShutdown
 * @returns {Promise<{ stop(): Promise<void>, readonly isRunning: boolean }>} when it is ready
 * @throws {TypeError} on anything else, or too late
 */
async function startWorkerServer(handlers, options = {}) {
  const state = stateOf();
  if (state === undefined)
    throw new TypeError('startWorkerServer: this process was not started by createWorker');
  checkServer(handlers, options);
  return state.serve(handlers, options);
}

module.exports = {
  startWorkerServer,
  get isWorker() {
    return stateOf() !== undefined;
  },
  get workerData() {
    return stateOf()?.workerData;
  },
  get parent() {
    return stateOf()?.parent;
  },
};
