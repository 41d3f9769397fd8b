'use strict';

const { slicesOf } = require('./codec/record-writer');
const { StructuredDecoder } = require('./codec/structured-decoder');
const { StructuredEncoder } = require('./codec/structured-encoder');
const { ProtocolError, RemoteError } = require('./errors');
const { isError, toError } = require('./error-values');
// They would load themselves, but an error may have to be told when no file can be opened.
require('./codec/exotic-reader');
require('./codec/exotic-writer');

/** What an ERROR frame may take (P10.1); its texts are cut, its properties dropped. */
const MAX_ERROR_BYTES = 64 * 1024;
/** A payload beyond this was made by somebody else and is not looked into. */
const MAX_ACCEPTED_BYTES = 2 * MAX_ERROR_BYTES;
const NOWHERE = Buffer.alloc(0);

/**
 * What was thrown, as the payload of an ERROR frame: structured, without shapes. Never throws.
 * @param {unknown} thrown anything
 * @returns {Buffer} at most 64 KiB, the caller's own
 */
function encodeError(thrown) {
  try {
    return encode(toError(thrown));
  } catch (cause) {
    return encode(new Error(`an error that cannot be sent: ${cause?.message}`));
  }
}

function encode(error) {
  const encoder = new StructuredEncoder({ shapes: false });
  encoder.errorBudget = MAX_ERROR_BYTES - 1;
  const end = encoder.encode(NOWHERE, 0, 0, error);
  return Buffer.concat(slicesOf(encoder.bytes.subarray(encoder.start, end), encoder.segments));
}

/**
 * The error of an ERROR frame. Whatever the bytes say is data: at worst the result is a RemoteError
 * or a ProtocolError that says what was wrong. Never throws.
 * @param {Buffer} bytes
 * @param {number} start
 * @param {number} end
 * @returns {Error}
 */
function decodeError(bytes, start, end) {
  if (end - start > MAX_ACCEPTED_BYTES) {
    return new RemoteError(`an error of ${end - start} bytes, over ${MAX_ACCEPTED_BYTES}`);
  }
  try {
    const value = new StructuredDecoder().decode(bytes, start, end, false);
    return isError(value) ? value : toError(value);
  } catch (cause) {
    return new ProtocolError('an error that cannot be read', { rule: 'P10.6', cause });
  }
}

module.exports = { encodeError, decodeError };
