'use strict';

const { pipeline } = require('node:stream/promises');

/**
 * Pump one stream into another, as stream/promises' pipeline.
 * @param {import('node:stream').Readable} source
 * @param {import('node:stream').Writable} destination
 * @returns {Promise<void>} rejects with the error of either; both are destroyed then
 */
function connect(source, destination) {
  return pipeline(source, destination);
}

module.exports = { connect };
