'use strict';

/** The codecs other than 'structured', which make a whole record at once. */

const { isArrayBuffer, isUint8Array } = require('node:util').types;
const v8 = require('node:v8');
const { ProtocolError, SerializationError } = require('../errors');
const { Custom, nameOf } = require('./custom');
const { fromJson, toJson } = require('./json');
const { StructuredEncoder } = require('./structured-encoder');
const { WholeEncoder } = require('./whole-encoder');

/** Codecs by number on the wire (P9.1). `none` is no payload at all. */
const ID = { none: 0, structured: 1, json: 2, msgpack: 3, v8: 4, raw: 5, text: 6, bytes: 7 };

/** @param {any} value */
function toV8(value) {
  try {
    return { id: ID.v8, data: v8.serialize(value) };
  } catch (/** @type {any} */ cause) {
    const path = refusedPath(value);
    throw new SerializationError(`${path} cannot be sent with v8: ${cause?.message}`, {
      path,
      cause,
    });
  }
}

/** V8 names no path; our own encoder refuses the same values, and knows where it is. @param {any} value */
function refusedPath(value) {
  try {
    new StructuredEncoder({ shapes: false }).encode(Buffer.alloc(0), 0, 0, value);
  } catch (/** @type {any} */ error) {
    return error.path ?? 'payload';
  }
  return 'payload';
}

/**
 * V8's own format is not made for foreign bytes: only for workers that are ours.
 * @param {any} bytes
 * @param {number} start
 * @param {number} end
 */
function fromV8(bytes, start, end) {
  try {
    return v8.deserialize(Buffer.from(bytes.subarray(start, end)));
  } catch (/** @type {any} */ cause) {
    throw new ProtocolError(`malformed v8 data: ${cause.message}`, { rule: 'P9.3', cause });
  }
}

/** @param {any} value */
function toRaw(value) {
  if (isUint8Array(value)) return { id: ID.raw, data: value };
  if (isArrayBuffer(value)) return { id: ID.raw, data: new Uint8Array(value) };
  if (ArrayBuffer.isView(value)) {
    return { id: ID.raw, data: new Uint8Array(value.buffer, value.byteOffset, value.byteLength) };
  }
  throw new SerializationError("codec 'raw' carries bytes only", { path: 'payload' });
}

/**
 * @param {any} bytes
 * @param {number} start
 * @param {number} end
 * @param {boolean} owned
 */
function fromRaw(bytes, start, end, owned) {
  const view = bytes.subarray(start, end);
  return owned ? view : Buffer.from(view);
}

/** @type {import('./msgpack-decoder').MsgpackDecoder | undefined} made when it is needed */
let msgpackDecoder;

/** @type {Read} */
function fromMsgpack(bytes, start, end, owned) {
  msgpackDecoder ??= new (require('./msgpack-decoder').MsgpackDecoder)();
  return msgpackDecoder.decode(bytes, start, end, owned);
}

/**
 * @typedef {(bytes: any, start: number, end: number, owned: boolean) => any} Read
 * @typedef {{ produce?: (value: any) => { id: number, data: any }, makeEncoder?: () => any, [id: number]: Read }} Kind
 */

/**
 * How each makes a record, and reads those that it understands.
 * @type {Record<string, Kind>}
 */
const BUILT_IN = {
  json: { produce: (value) => ({ id: ID.json, data: toJson(value) }), [ID.json]: fromJson },
  v8: { produce: toV8, [ID.v8]: fromV8 },
  raw: { produce: toRaw, [ID.raw]: fromRaw },
  // A native worker answers with whichever of them is at hand.
  msgpack: {
    makeEncoder: () => new (require('./msgpack-encoder').MsgpackEncoder)(),
    [ID.msgpack]: fromMsgpack,
    [ID.json]: fromJson,
    [ID.raw]: fromRaw,
  },
};

/** @param {any} serializer @returns {Kind} */
function customKind(serializer) {
  const custom = new Custom(serializer);
  return {
    produce(value) {
      const data = custom.serialize(value);
      if (typeof data !== 'string') return { id: ID.bytes, data };
      return { id: ID.text, data: custom.textBytes(data) };
    },
    [ID.text]: (bytes, start, end) => custom.fromText(bytes, start, end),
    [ID.bytes]: (bytes, start, end) => custom.fromBytes(bytes, start, end),
  };
}

/** @param {Kind} kind */
const encoderOf = (kind) =>
  kind.makeEncoder ? kind.makeEncoder() : new WholeEncoder(/** @type {any} */ (kind.produce));

module.exports = { BUILT_IN, customKind, encoderOf, nameOf };
