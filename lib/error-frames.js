'use strict';

/** What was thrown, as the payload of an ERROR frame; and back. Neither ever throws. */

const { StructuredDecoder } = require('./codec/structured-decoder');
const { StructuredEncoder } = require('./codec/structured-encoder');
const { HawserError } = require('./errors');
const { toError } = require('./error-values');

const EMPTY = Buffer.alloc(0);

function encodeError(thrown) {
  const encoder = new StructuredEncoder({ shapes: false });
  try {
    return copied(encoder, toError(thrown));
  } catch (error) {
    const lost = new HawserError(`the error could not be carried: ${error?.message}`);
    return copied(new StructuredEncoder({ shapes: false }), lost);
  }
}

function copied(encoder, error) {
  const end = encoder.encode(EMPTY, 0, 0, error);
  const record = encoder.bytes.subarray(encoder.start, end);
  if (!encoder.segments) return Buffer.from(record);
  throw new TypeError('an error with large binary properties');
}

/** @returns {Error} */
function decodeError(bytes, start, end) {
  try {
    const value = new StructuredDecoder().decode(bytes, start, end, false);
    return value instanceof Error ? value : toError(value);
  } catch (cause) {
    return new HawserError('the worker sent an error that cannot be read', { cause });
  }
}

module.exports = { encodeError, decodeError };
