'use strict';

/** The worker's side: 'hawser/worker'. One state, even where two copies of the package are loaded. */

const { checkServer } = require('./options');

/** Asked each time: a module that is preloaded may load this file before the worker has a state. */
const stateOf = () => globalThis[Symbol.for('hawser.worker')];

/**
 * Serve these handlers instead of the module's exports. To be called once, before the evaluation of
 * the worker's script settles; or, in a process that createWorker has not started, at any time with a
 * socketPath, at which connectWorker finds it.
 * @param {object} handlers functions by the type that they answer
 * @param {any} [options] serializer, onStart, onShutdown, disconnectBehavior, hostConnectTimeout,
 *   socketPath
 * @returns {Promise<{ stop(): Promise<void>, readonly isRunning: boolean }>} when it is ready, or
 *   listens
 * @throws {TypeError} on anything else, or too late
 * @throws {Error} with the code of the system where it cannot listen at socketPath
 */
async function startWorkerServer(handlers, options = {}) {
  const state = stateOf();
  if (state === undefined && options?.socketPath === undefined)
    throw new TypeError(
      'startWorkerServer: this process was not started by createWorker, so it needs a socketPath',
    );
  checkServer(handlers, options);
  if (state === undefined) return require('./standalone').serveStandalone(handlers, options);
  if (options.socketPath !== undefined && !state.isStandalone)
    throw new TypeError(
      "option 'socketPath' is the host's to say: createWorker started this worker",
    );
  return state.serve(handlers, options);
}

module.exports = {
  startWorkerServer,
  get move() {
    return require('./move').move;
  },
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
