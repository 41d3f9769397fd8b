'use strict';

/**
 * The codecs, by number on the wire (P9). Each has an encoder that writes into a region, or moves
 * the record to bytes of its own, and a decoder; the channel treats all alike.
 */

const v8 = require('node:v8');
const { ProtocolError, SerializationError } = require('../errors');
const { StructuredEncoder } = require('./structured-encoder');
const { StructuredDecoder } = require('./structured-decoder');
const { Serializer } = require('./serializer');

const ID = { none: 0, structured: 1, json: 2, msgpack: 3, v8: 4, raw: 5, text: 6, bytes: 7 };
const EMPTY = Buffer.alloc(0);

/** An encoder over a function that gives the whole record as a string or as bytes. */
class WholeEncoder {
  /** @param {(value: unknown) => { id: number, data: string | Uint8Array }} produce */
  constructor(produce) {
    this.produce = produce;
    this.bytes = EMPTY;
    this.start = 0;
    this.segments = null;
    this.busy = false;
    this.codecId = 0;
  }

  encode(bytes, position, limit, value) {
    this.busy = true;
    try {
      const { id, data } = this.produce(value);
      this.codecId = id;
      return typeof data === 'string'
        ? this.#text(bytes, position, limit, data)
        : this.#binary(bytes, position, limit, data);
    } finally {
      this.busy = false;
    }
  }

  #text(bytes, position, limit, text) {
    const most = text.length * 3;
    const fits = most <= limit - position || Buffer.byteLength(text) <= limit - position;
    if (!fits) return this.#moved(Buffer.from(text));
    this.bytes = bytes;
    this.start = position;
    return position + bytes.utf8Write(text, position, limit - position);
  }

  #binary(bytes, position, limit, data) {
    if (data.length > limit - position) return this.#moved(data);
    this.bytes = bytes;
    this.start = position;
    bytes.set(data, position);
    return position + data.length;
  }

  #moved(data) {
    this.bytes = data;
    this.start = 0;
    return data.length;
  }

  takeDefinitions() {
    return null;
  }

  release() {
    this.bytes = EMPTY;
  }
}

class StructuredCodecEncoder extends StructuredEncoder {
  codecId = ID.structured;
}

function refuse(error, what) {
  const why = error instanceof Error ? error.message : String(error);
  return new SerializationError(`${what}: ${why}`, {
    path: error?.path ?? 'payload',
    cause: error,
  });
}

function protocolError(error, what) {
  return new ProtocolError(`malformed ${what}: ${error.message}`, { rule: 'P9', cause: error });
}

/** Where in `value` JSON cannot go: the path of the first such member, depth first. */
function jsonPath(value, path = 'payload', parents = new Set()) {
  if (typeof value === 'bigint' || (path === 'payload' && unspeakable(value))) return path;
  if (typeof value !== 'object' || value === null) return null;
  if (parents.has(value)) return path;
  if (parents.size > 1000) return path;
  parents.add(value);
  for (const key of Object.keys(value)) {
    const step = Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`;
    const found = jsonPath(value[key], step, parents);
    if (found) return found;
  }
  parents.delete(value);
  return null;
}

function unspeakable(value) {
  return typeof value === 'function' || typeof value === 'symbol';
}

function toJson(value) {
  let text;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    const path = safely(() => jsonPath(value)) ?? 'payload';
    throw new SerializationError(`cannot be JSON at ${path}: ${error?.message}`, {
      path,
      cause: error,
    });
  }
  if (text !== undefined) return { id: ID.json, data: text };
  throw new SerializationError('the payload has no form in JSON', { path: 'payload' });
}

function safely(find) {
  try {
    return find();
  } catch {
    return null;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function fromJson(bytes, start, end) {
  try {
    return JSON.parse(utf8.decode(bytes.subarray(start, end)));
  } catch (error) {
    throw protocolError(error, 'JSON');
  }
}

function toV8(value) {
  try {
    return { id: ID.v8, data: v8.serialize(value) };
  } catch (error) {
    throw refuse(error, 'v8 cannot serialize the payload');
  }
}

function fromV8(bytes, start, end) {
  try {
    return v8.deserialize(Buffer.from(bytes.subarray(start, end)));
  } catch (error) {
    throw protocolError(error, 'v8 data');
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

/** Encoder and decoder over a user's Serializer; what it gave as a string arrives as one. */
function customCodec(serializer) {
  const texts = new StructuredEncoder({ shapes: false });
  const reader = new StructuredDecoder();
  const produce = (value) => {
    let data;
    try {
      data = serializer.serialize(value);
    } catch (error) {
      throw refuse(error, `${nameOf(serializer)} failed`);
    }
    if (data instanceof Uint8Array) return { id: ID.bytes, data };
    if (typeof data !== 'string') {
      throw refuse(
        new TypeError('serialize() must return a string or a Uint8Array'),
        nameOf(serializer),
      );
    }
    const end = texts.encode(EMPTY, 0, 0, data);
    return { id: ID.text, data: texts.bytes.subarray(texts.start, end) };
  };
  return {
    encoder: () => new WholeEncoder(produce),
    [ID.text]: (bytes, start, end) =>
      serializer.deserialize(reader.decode(bytes, start, end, false)),
    [ID.bytes]: (bytes, start, end) =>
      serializer.deserialize(Buffer.from(bytes.subarray(start, end))),
  };
}

function nameOf(serializer) {
  return serializer.name ?? serializer.constructor?.name ?? 'serializer';
}

const BUILT_IN = {
  json: { encoder: () => new WholeEncoder(toJson), [ID.json]: fromJson },
  v8: { encoder: () => new WholeEncoder(toV8), [ID.v8]: fromV8 },
  raw: { encoder: () => new WholeEncoder(toRaw), [ID.raw]: fromRaw },
};

/**
 * The codec of one channel.
 * @param {string | { serialize: Function, deserialize: Function }} wanted
 */
function createCodec(wanted) {
  if (wanted === 'structured')
    return new Codec(wanted, { encoder: () => new StructuredCodecEncoder() });
  if (typeof wanted === 'string') return new Codec(wanted, BUILT_IN[wanted]);
  return new Codec(nameOf(wanted), customCodec(wanted));
}

class Codec {
  #kind;
  /** Only made when something structured arrives. */
  #structured = null;

  constructor(name, kind) {
    this.name = name;
    this.#kind = kind;
    this.encoder = kind.encoder();
  }

  /** An encoder for a record that is written while `encoder` is busy. */
  nestedEncoder() {
    return this.name === 'structured' ? new NestedEncoder({ shapes: false }) : this.#kind.encoder();
  }

  /** @param {boolean} owned the bytes belong to this payload alone */
  decode(id, bytes, start, end, owned) {
    if (id === ID.structured && this.name === 'structured') {
      return this.#decoder().decode(bytes, start, end, owned);
    }
    if (id === ID.none && start === end) return undefined;
    const decode = this.#kind[id];
    if (!decode) throw new ProtocolError(`codec ${id} was not agreed on`, { rule: 'P9' });
    return decode(bytes, start, end, owned);
  }

  define(bytes, start, end) {
    this.#decoder().define(bytes, start, end);
  }

  #decoder() {
    this.#structured ??= new StructuredDecoder();
    return this.#structured;
  }
}

class NestedEncoder extends StructuredEncoder {
  codecId = ID.structured;
}

module.exports = {
  createCodec,
  nameOf,
  BUILT_IN_NAMES: ['structured', ...Object.keys(BUILT_IN)],
  ID,
  Serializer,
};
