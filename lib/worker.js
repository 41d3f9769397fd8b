'use strict';

/** The worker's side: 'hawser/worker'. One state, even where two copies of the package are loaded. */

const STATE = Symbol.for('hawser.worker');
const OPTIONS = ['serializer', 'onStart', 'onShutdown'];

const state = globalThis[STATE];
const isWorker = state !== undefined;

/**
 * Serve these handlers instead of the module's exports. To be called before the evaluation of the
 * worker's script settles.
 */
async function startWorkerServer(handlers, options = {}) {
  if (!isWorker)
    throw new TypeError('startWorkerServer: this process was not started by createWorker');
  if (typeof handlers !== 'object' || handlers === null)
    throw new TypeError('handlers must be an object of functions');
  for (const name of Object.keys(options)) {
    if (!OPTIONS.includes(name)) throw new TypeError(`unknown option '${name}'`);
  }
  return state.serve(handlers, options);
}

module.exports = { startWorkerServer, isWorker, workerData: state?.workerData };
