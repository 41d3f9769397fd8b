'use strict';

const { normalizeOptions } = require('./options');
const { Worker } = require('./worker-client');

/**
 * Start a worker. createWorker(options) or createWorker(script, options).
 * @returns {Promise<Worker>} ready to be asked
 */
async function createWorker(scriptOrOptions, options) {
  const byScript = typeof scriptOrOptions === 'string' || scriptOrOptions instanceof URL;
  const normalized = byScript
    ? normalizeOptions(options, scriptOrOptions)
    : normalizeOptions(scriptOrOptions);
  return new Worker(normalized).start();
}

module.exports = { createWorker };
