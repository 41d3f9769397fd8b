'use strict';

const { normalizeOptions } = require('./options');
const { Worker } = require('./worker-client');

/**
 * Start a worker. createWorker(options) or createWorker(script, options).
 * @returns {Promise<Worker>} ready to be asked
 */
async function createWorker(scriptOrOptions, options) {
  const byScript = typeof scriptOrOptions === 'string' || scriptOrOptions instanceof URL;
  const given = byScript ? { ...options, script: scriptOrOptions } : scriptOrOptions;
  return Worker.start(normalizeOptions(given));
}

module.exports = { createWorker };
