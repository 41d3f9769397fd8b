'use strict';

const { ProtocolError } = require('../errors');
const { StructuredDecoder } = require('./structured-decoder');
const { StructuredEncoder } = require('./structured-encoder');

/** Loaded at its first use: most workers know no other codec than 'structured'. */
const wholeCodecs = () => require('./whole-codecs');

const STRUCTURED = 1; // on the wire, as all numbers of codecs
const NONE = 0;
const BUILT_IN_NAMES = ['structured', 'json', 'msgpack', 'v8', 'raw'];

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
      kind === null ? new StructuredEncoder({ shapes }) : wholeCodecs().encoderOf(kind);
  }

  /** An encoder for a record that is written while `encoder` is busy; it defines no shapes. */
  nestedEncoder() {
    return this.#kind === null
      ? new StructuredEncoder({ shapes: false })
      : wholeCodecs().encoderOf(this.#kind);
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
    if (id === STRUCTURED && this.#kind === null)
      return this.#decoder().decode(bytes, start, end, owned);
    if (id === NONE && start === end) return undefined;
    const read = this.#kind === null ? undefined : this.#kind[id];
    if (read === undefined)
      throw new ProtocolError(`codec ${id} was not agreed on`, { rule: 'P9.3' });
    return read(bytes, start, end, owned);
  }

  /**
   * The payload of a DEFINE frame.
   * @param {any} bytes
   * @param {number} start
   * @param {number} end
   * @throws {ProtocolError}
   */
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

/** @param {any} serializer @returns {string} how two ends compare their serializers */
function nameOf(serializer) {
  return wholeCodecs().nameOf(serializer);
}

/**
 * @param {any} wanted a name, or a Serializer: { name?, serialize, deserialize }
 * @param {{ shapes?: boolean }} [options] shapes: false makes records that stand for themselves
 * @returns {Codec}
 * @throws {TypeError} for a name that is not one of BUILT_IN_NAMES, or an object that is no Serializer
 */
function createCodec(wanted, { shapes = true } = {}) {
  if (wanted === 'structured') return new Codec(wanted, null, shapes);
  if (BUILT_IN_NAMES.includes(wanted))
    return new Codec(wanted, wholeCodecs().BUILT_IN[wanted], shapes);
  if (typeof wanted?.serialize !== 'function' || typeof wanted.deserialize !== 'function') {
    throw new TypeError(
      `serializer must be one of ${BUILT_IN_NAMES.join(', ')} or a Serializer, got ${String(wanted)}`,
    );
  }
  return new Codec(nameOf(wanted), wholeCodecs().customKind(wanted), shapes);
}

module.exports = { createCodec, nameOf, BUILT_IN_NAMES };
