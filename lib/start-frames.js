'use strict';

const { createCodec, nameOf } = require('./codec');
const { slicesOf } = require('./codec/record-writer');
const { ProtocolError, SerializationError, TooLargeError } = require('./errors');

/** How the payloads of start frames are marked: structured, without shapes, whatever the codec. */
const STRUCTURED = 1;
const TEXT = 6; // on the wire (P9.1)
const NOWHERE = Buffer.alloc(0);
const ROOT = /^payload\./;
const MAX_METHODS = 65_536; // the numbers of 16 bits
const MIN_LIMIT_BYTES = 64 * 1024; // of what is no payload of a call (P4.6)

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

/**
 * What a worker is told before it loads its script (P3.8).
 * @param {any} options of createWorker, normalized
 * @throws {SerializationError | TooLargeError}
 */
function encodeInit(options) {
  const { name, serializer, timeouts, maxMessageBytes, handlers } = options;
  const init = encodeStart({
    ...(handlers ? { methods: Object.keys(handlers) } : {}),
    workerData: workerDataOf(options),
    name,
    serializer: typeof serializer === 'string' ? serializer : nameOf(serializer),
    builtIn: typeof serializer === 'string',
    timeouts: { message: timeouts.message, types: timeouts.types },
  });
  const most = Math.max(maxMessageBytes, MIN_LIMIT_BYTES);
  if (init.length <= most) return init;
  throw new TooLargeError(`workerData of ${init.length} bytes is over maxMessageBytes (${most})`);
}

/** A program that knows nothing of codec 1 gets it as it gets payloads. */
function workerDataOf({ driver, workerData, serializer }) {
  if (driver !== 'native' || workerData === undefined) return workerData;
  const { encoder } = createCodec(serializer);
  try {
    const end = encoder.encode(NOWHERE, 0, 0, workerData);
    const record = encoder.bytes.subarray(encoder.start, end);
    return Buffer.from(encoder.codecId === TEXT ? decodeStart(record, 0, record.length) : record);
  } catch (error) {
    throw inWorkerData(error);
  }
}

/** @param {any} error of an encoder */
function inWorkerData(error) {
  const { message, path, cause } = error;
  if (error instanceof TooLargeError) return new TooLargeError(`workerData: ${message}`);
  const details = { path: path.replace('payload', 'workerData') };
  if (cause !== undefined) details.cause = cause;
  const text = message.startsWith('payload')
    ? message.replace('payload', 'workerData')
    : `workerData: ${message}`;
  return new SerializationError(text, details);
}

function withoutRoot({ message, path, cause }) {
  const details = { path: path.replace(ROOT, '') };
  if (cause !== undefined) details.cause = cause;
  return new SerializationError(message.replace(ROOT, ''), details);
}

/** The value of an INIT or METHODS payload. @throws {ProtocolError} */
function decodeStart(bytes, start, end) {
  return createCodec('structured').decode(STRUCTURED, bytes, start, end, false);
}

/** The names of a METHODS payload. @returns {string[]} @throws {ProtocolError} */
function decodeMethods(bytes, start, end) {
  const names = decodeStart(bytes, start, end);
  const fits =
    Array.isArray(names) &&
    names.length <= MAX_METHODS &&
    names.every((name) => typeof name === 'string');
  if (!fits) throw new ProtocolError('malformed METHODS', { rule: 'P3.9' });
  return names;
}

module.exports = { encodeStart, encodeInit, decodeStart, decodeMethods, STRUCTURED };
