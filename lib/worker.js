'use strict';

/** The worker's side: 'hawser/worker'. One state, even where two copies of the package are loaded. */

const { checkServer } = require('./options');

const STATE = Symbol.for('hawser.worker');

const state = globalThis[STATE];
const isWorker = state !== undefined;

/**
 * Serve these handlers instead of the module's exports. To be called once, before the evaluation of
 * the worker's script settles.
 * @param {object} handlers functions by the type that they answer
 * @param {object} [options] serializer, onStart, onShutdown
 * @returns {Promise<{ stop(): Promise<void>, readonly isRunning: boolean }>} when it is ready
 * @throws {TypeError} on anything else, or too late
 */
async function startWorkerServer(handlers, options = {}) {
  if (!isWorker)
    throw new TypeError('startWorkerServer: this process was not started by createWorker');
  checkServer(handlers, options);
  return state.serve(handlers, options);
}

module.exports = { startWorkerServer, isWorker, workerData: state?.workerData };
