'use strict';

const { isUint8Array } = require('node:util').types;
const { ProtocolError, SerializationError } = require('../errors');
const { StructuredDecoder } = require('./structured-decoder');
const { StructuredEncoder } = require('./structured-encoder');

const NOWHERE = Buffer.alloc(0);

/** @param {any} serializer @returns {string} how two ends compare their serializers */
function nameOf(serializer) {
  return String(serializer.name ?? serializer.constructor?.name ?? 'serializer');
}

/** The two directions of a user's Serializer. */
class Custom {
  #serializer;
  /** A string travels as a structured value, because it need not be well-formed. */
  #texts = new StructuredEncoder({ shapes: false });
  #reader = new StructuredDecoder();

  /** @param {any} serializer */
  constructor(serializer) {
    this.#serializer = serializer;
  }

  /**
   * @param {unknown} value
   * @returns {string | Uint8Array}
   * @throws {SerializationError}
   */
  serialize(value) {
    const data = this.#guard(() => this.#serializer.serialize(value), 'serialize');
    if (typeof data === 'string' || isUint8Array(data)) return data;
    const cause = new TypeError(
      `serialize() must return a string or a Uint8Array, not ${typeof data}`,
    );
    this.#fail('serialize', cause);
  }

  /** @param {string} text */
  textBytes(text) {
    const end = this.#texts.encode(NOWHERE, 0, 0, text);
    const bytes = this.#texts.bytes.subarray(this.#texts.start, end);
    this.#texts.release();
    return bytes;
  }

  /** @param {any} bytes @param {number} start @param {number} end */
  fromText(bytes, start, end) {
    const text = this.#reader.decode(bytes, start, end, false);
    this.#reader.release();
    if (typeof text !== 'string') throw new ProtocolError('malformed text', { rule: 'P9.3' });
    return this.deserialize(text);
  }

  /**
   * The copy is the user's to keep.
   * @param {any} bytes
   * @param {number} start
   * @param {number} end
   */
  fromBytes(bytes, start, end) {
    return this.deserialize(Buffer.from(bytes.subarray(start, end)));
  }

  /**
   * @param {string | Buffer} data
   * @returns {unknown}
   * @throws {SerializationError}
   */
  deserialize(data) {
    return this.#guard(() => this.#serializer.deserialize(data), 'deserialize');
  }

  /** @param {() => any} call @param {string} method */
  #guard(call, method) {
    try {
      return call();
    } catch (cause) {
      this.#fail(method, cause);
    }
  }

  /**
   * @param {string} method
   * @param {unknown} cause
   * @returns {never}
   */
  #fail(method, cause) {
    const what = `${nameOf(this.#serializer)}.${method}() failed: ${messageOf(cause)}`;
    throw new SerializationError(what, { path: 'payload', cause });
  }
}

/** What a user throws is anything. @param {any} thrown */
function messageOf(thrown) {
  try {
    return String(thrown?.message ?? thrown);
  } catch {
    return 'something that has no text';
  }
}

module.exports = { Custom, nameOf };
