'use strict';

const { normalizeJoin } = require('./options');
const { Worker } = require('./worker-client');

/**
 * Join a worker that listens at a named socket: one that was left there, or that somebody else has
 * started.
 * @param {object} options of createWorker, without a script and with a socketPath; what concerns the
 *   start of a process does nothing
 * @returns {Promise<Worker>} ready to be asked. Rejects with TimeoutError (connect, startup),
 *   HandshakeError where the worker has another host, token, user or serializer, or WorkerStartError
 */
async function connectWorker(options) {
  return new Worker(normalizeJoin(options)).start();
}

module.exports = { connectWorker };
