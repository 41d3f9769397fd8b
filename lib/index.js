'use strict';

const { createWorker } = require('./create-worker');
const { Serializer, JsonSerializer } = require('./codec/serializer');
const { serializeError, deserializeError, registerErrorClass } = require('./error-values');
const errors = require('./errors');
const worker = require('./worker');

module.exports = {
  createWorker,
  Serializer,
  JsonSerializer,
  serializeError,
  deserializeError,
  registerErrorClass,
  ...errors,
  ...worker,
};
