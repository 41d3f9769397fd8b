'use strict';

const { createCodec } = require('./codec');
const { slicesOf } = require('./codec/record-writer');
const { SerializationError } = require('./errors');

/** How the payloads of start frames are marked: structured, without shapes, whatever the codec. */
const STRUCTURED = 1;
const NOWHERE = Buffer.alloc(0);
const ROOT = /^payload\./;

/**
 * The payload of INIT or METHODS.
 * @param {unknown} value
 * @returns {Buffer} the caller's own
 * @throws {SerializationError} whose path begins in the value
 */
function encodeStart(value) {
  const { encoder } = createCodec('structured', { shapes: false });
  try {
    const end = encoder.encode(NOWHERE, 0, 0, value);
    return Buffer.concat(slicesOf(encoder.bytes.subarray(encoder.start, end), encoder.segments));
  } catch (error) {
    throw withoutRoot(error);
  }
}

function withoutRoot({ message, path, cause }) {
  const details = { path: path.replace(ROOT, '') };
  if (cause !== undefined) details.cause = cause;
  return new SerializationError(message.replace(ROOT, ''), details);
}

/** The value of an INIT or METHODS payload. @throws {import('./errors').ProtocolError} */
function decodeStart(bytes, start, end) {
  return createCodec('structured').decode(STRUCTURED, bytes, start, end, false);
}

module.exports = { encodeStart, decodeStart, STRUCTURED };
