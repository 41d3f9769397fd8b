'use strict';

const v8 = require('node:v8');
const { ProtocolError, SerializationError } = require('../errors');
const { Custom, nameOf } = require('./custom');
const { fromJson, toJson } = require('./json');
const { Serializer } = require('./serializer');
const { StructuredDecoder } = require('./structured-decoder');
const { StructuredEncoder } = require('./structured-encoder');
const { WholeEncoder } = require('./whole-encoder');

/** Codecs by number on the wire. `none` is no payload at all; 3 is kept for msgpack. */
const ID = { none: 0, structured: 1, json: 2, msgpack: 3, v8: 4, raw: 5, text: 6, bytes: 7 };

function toV8(value) {
  try {
    return { id: ID.v8, data: v8.serialize(value) };
  } catch (cause) {
    throw new SerializationError(`v8 cannot serialize the payload: ${cause?.message}`, {
      path: 'payload',
      cause,
    });
  }
}

/** V8's own format is not made for foreign bytes: only for workers that are ours. */
function fromV8(bytes, start, end) {
  try {
    return v8.deserialize(Buffer.from(bytes.subarray(start, end)));
  } catch (cause) {
    throw new ProtocolError(`malformed v8 data: ${cause.message}`, { rule: 'P9.3', cause });
  }
}

function toRaw(value) {
  if (value instanceof Uint8Array) return { id: ID.raw, data: value };
  if (value instanceof ArrayBuffer) return { id: ID.raw, data: new Uint8Array(value) };
  if (ArrayBuffer.isView(value)) {
    return { id: ID.raw, data: new Uint8Array(value.buffer, value.byteOffset, value.byteLength) };
  }
  throw new SerializationError("codec 'raw' carries bytes only", { path: 'payload' });
}

function fromRaw(bytes, start, end, owned) {
  const view = bytes.subarray(start, end);
  return owned ? view : Buffer.from(view);
}

/** How each codec other than 'structured' makes a record, and reads those that it understands. */
const BUILT_IN = {
  json: { produce: (value) => ({ id: ID.json, data: toJson(value) }), [ID.json]: fromJson },
  v8: { produce: toV8, [ID.v8]: fromV8 },
  raw: { produce: toRaw, [ID.raw]: fromRaw },
};

const BUILT_IN_NAMES = ['structured', ...Object.keys(BUILT_IN)];

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

/**
 * The codec of one channel, both directions.
 *
 * `encoder` has encode(bytes, position, limit, value), then `bytes`, `start`, `segments` and
 * `codecId` of the record; takeDefinitions(), release() and `busy`, as StructuredEncoder.
 */
class Codec {
  #kind;
  /** @type {StructuredDecoder | null} made when something structured arrives */
  #structured = null;

  /** @param {string} name @param {any} kind null for 'structured' @param {boolean} shapes */
  constructor(name, kind, shapes) {
    this.name = name;
    this.#kind = kind;
    this.encoder =
      kind === null ? new StructuredEncoder({ shapes }) : new WholeEncoder(kind.produce);
  }

  /** An encoder for a record that is written while `encoder` is busy; it defines no shapes. */
  nestedEncoder() {
    return this.#kind === null
      ? new StructuredEncoder({ shapes: false })
      : new WholeEncoder(this.#kind.produce);
  }

  /**
   * @param {number} id the record's codecId
   * @param {Buffer} bytes
   * @param {number} start
   * @param {number} end
   * @param {boolean} owned the bytes belong to this payload alone
   * @returns {any}
   * @throws {ProtocolError} for bytes that are no record of this codec
   * @throws {SerializationError} when a user's deserialize() throws
   */
  decode(id, bytes, start, end, owned) {
    if (id === ID.structured && this.#kind === null)
      return this.#decoder().decode(bytes, start, end, owned);
    if (id === ID.none && start === end) return undefined;
    const read = this.#kind === null ? undefined : this.#kind[id];
    if (read === undefined)
      throw new ProtocolError(`codec ${id} was not agreed on`, { rule: 'P9.3' });
    return read(bytes, start, end, owned);
  }

  /** The payload of a DEFINE frame. @throws {ProtocolError} */
  define(bytes, start, end) {
    if (this.#kind !== null)
      throw new ProtocolError('a definition without shapes', { rule: 'P9.15' });
    this.#decoder().define(bytes, start, end);
  }

  #decoder() {
    if (this.#structured === null) this.#structured = new StructuredDecoder();
    return this.#structured;
  }
}

/**
 * @param {any} wanted a name, or a Serializer: { name?, serialize, deserialize }
 * @param {{ shapes?: boolean }} [options] shapes: false makes records that stand for themselves
 * @returns {Codec}
 * @throws {TypeError} for a name that is not one of BUILT_IN_NAMES, or an object that is no Serializer
 */
function createCodec(wanted, { shapes = true } = {}) {
  if (wanted === 'structured') return new Codec(wanted, null, shapes);
  if (typeof wanted === 'string' && Object.hasOwn(BUILT_IN, wanted)) {
    return new Codec(wanted, BUILT_IN[wanted], shapes);
  }
  if (typeof wanted?.serialize !== 'function' || typeof wanted.deserialize !== 'function') {
    throw new TypeError(
      `serializer must be one of ${BUILT_IN_NAMES.join(', ')} or a Serializer, got ${String(wanted)}`,
    );
  }
  return new Codec(nameOf(wanted), customKind(wanted), shapes);
}

module.exports = { createCodec, nameOf, BUILT_IN_NAMES, ID, Serializer };
