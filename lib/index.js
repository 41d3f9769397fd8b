'use strict';

const { connectWorker } = require('./connect-worker');
const { createWorker } = require('./create-worker');
const { Serializer, JsonSerializer } = require('./codec/serializer');
const { serializeError, deserializeError, registerErrorClass } = require('./error-values');
const errors = require('./errors');
const worker = require('./worker');

const host = {
  createWorker,
  connectWorker,
  Serializer,
  JsonSerializer,
  serializeError,
  deserializeError,
  registerErrorClass,
  ...errors,
};

module.exports = /** @type {typeof host & typeof worker} */ (
  Object.defineProperties(host, Object.getOwnPropertyDescriptors(worker))
);
