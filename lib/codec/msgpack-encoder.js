'use strict';

const { types } = require('node:util');
const { SerializationError, TooLargeError } = require('../errors');
const { byteLengthOf } = require('./bytes-of');
const { PLAIN, kindOf } = require('./object-kinds');
const { Refusal, Step, refusalError } = require('./refusal');

const { isProxy, isDate, isMap, isArgumentsObject, isUint8Array } = types;
const { getPrototypeOf, keys: keysOf } = Object;
const getTime = Date.prototype.getTime;

const NONE = 0; // on the wire, as MSGPACK (P9.1)
const MSGPACK = 3;
const EMPTY = Buffer.alloc(0);
const MAX_DEPTH = 1000;
/** The most that maxMessageBytes may be: what is sure to be refused is not made first. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Larger buffers of its own are not kept. */
const MAX_KEPT = 1024 * 1024;
const FIRST_BYTES = 4096;
/** Strings up to this length are written character by character, where they are ASCII. */
const SHORT = 31;
const HEAD_BYTES = 24; // a number, or the head of anything
const TIMESTAMP = 0xff; // the ext type -1
const TWO_32 = 2 ** 32;
const TWO_34 = 2 ** 34;

/** Thrown within, whereas what a getter throws is the user's. */
const TOO_LONG = {};

function tooLong() {
  return new TooLargeError(
    `a message of over ${MAX_BYTES} bytes, more than maxMessageBytes may be`,
  );
}

/** Encodes values as MessagePack, in one pass, in place where there is room. Getters run once. */
class MsgpackEncoder {
  /** @type {any} the Buffer where the record is */
  #bytes = EMPTY;
  #start = 0;
  #p = 0;
  #limit = 0;
  #depth = 0;
  /** @type {any} kept between records */
  #own = EMPTY;
  /** @type {unknown[]} steps from the place of a failure outwards */
  #trail = [];

  constructor() {
    this.codecId = MSGPACK;
    this.segments = null;
    this.busy = false;
  }

  /** The Buffer where the record is. @returns {any} */
  get bytes() {
    return this.#bytes;
  }

  get start() {
    return this.#start;
  }

  /**
   * As StructuredEncoder.encode(); what cannot be carried in kind is refused.
   * @param {any} bytes
   * @param {number} position
   * @param {number} limit
   * @param {unknown} value
   * @returns {number}
   * @throws {SerializationError | TooLargeError}
   */
  encode(bytes, position, limit, value) {
    if (this.busy) throw new SerializationError('the encoder is busy', { path: 'payload' });
    this.busy = true;
    this.#place(bytes, position, limit);
    this.#p = position;
    this.#depth = 0;
    try {
      this.codecId = value === undefined ? NONE : MSGPACK;
      if (value !== undefined) this.#write(value);
      return this.#p;
    } catch (thrown) {
      throw thrown === TOO_LONG ? tooLong() : refusalError(thrown, this.#trail);
    } finally {
      this.#trail.length = 0;
      this.busy = false;
    }
  }

  takeDefinitions() {
    return null;
  }

  release() {
    if (this.busy) return;
    this.#place(EMPTY, 0, 0);
    if (this.#own.length > MAX_KEPT) this.#own = EMPTY;
  }

  /** @param {any} bytes @param {number} start @param {number} limit */
  #place(bytes, start, limit) {
    this.#bytes = bytes;
    this.#start = start;
    this.#limit = limit;
  }

  /** @param {number} count bytes that may be written behind #p */
  #reserve(count) {
    if (this.#p + count > this.#limit) this.#move(count);
  }

  /** @param {number} count */
  #move(count) {
    const size = this.#p - this.#start;
    if (size + count > MAX_BYTES + HEAD_BYTES) throw TOO_LONG;
    const least = Math.max(2 * (size + count), FIRST_BYTES);
    const from = this.#bytes;
    if (from === this.#own || this.#own.length < least) this.#own = Buffer.allocUnsafe(least);
    from.copy(this.#own, 0, this.#start, this.#p);
    this.#place(this.#own, 0, this.#own.length);
    this.#p = size;
  }

  /** @param {any} value */
  #write(value) {
    if (typeof value === 'string') return this.#writeString(value);
    this.#reserve(HEAD_BYTES);
    if (typeof value === 'number') this.#writeNumber(value);
    else if (typeof value === 'object' && value !== null) this.#writeObject(value);
    else this.#writeRare(value);
  }

  /** @param {any} value neither a string nor a number nor an object */
  #writeRare(value) {
    if (value === null) this.#byte(0xc0);
    else if (typeof value === 'boolean') this.#byte(value ? 0xc3 : 0xc2);
    else if (typeof value === 'bigint') this.#writeBigInt(value);
    else if (value === undefined) this.#short(0xd4, 0);
    else throw new Refusal(`a ${typeof value}`);
  }

  /** @param {number} byte */
  #byte(byte) {
    this.#bytes[this.#p++] = byte;
  }

  /** A byte and two bytes of number. @param {number} byte @param {number} value */
  #short(byte, value) {
    const bytes = this.#bytes;
    bytes[this.#p++] = byte;
    bytes[this.#p++] = value >>> 8;
    bytes[this.#p++] = value;
  }

  /** A byte and four bytes of number. @param {number} byte @param {number} value */
  #long(byte, value) {
    const bytes = this.#bytes;
    bytes[this.#p++] = byte;
    bytes[this.#p++] = value >>> 24;
    bytes[this.#p++] = value >>> 16;
    bytes[this.#p++] = value >>> 8;
    bytes[this.#p++] = value;
  }

  /** @param {number} value */
  #writeNumber(value) {
    if (value === value >>> 0) this.#writeNatural(value);
    else if (value === (value | 0)) this.#writeNegative(value);
    else if (Number.isSafeInteger(value)) this.#writeInteger64(BigInt(value));
    else this.#writeDouble(value);
  }

  /** @param {number} value of 32 bits */
  #writeNatural(value) {
    if (value < 0x80) {
      if (value === 0 && 1 / value < 0) this.#writeDouble(value);
      else this.#byte(value);
    } else if (value < 0x100) {
      this.#byte(0xcc);
      this.#byte(value);
    } else if (value < 0x10000) this.#short(0xcd, value);
    else this.#long(0xce, value);
  }

  /** @param {number} value of 32 bits */
  #writeNegative(value) {
    if (value >= -0x20) this.#byte(value & 0xff);
    else if (value >= -0x80) {
      this.#byte(0xd0);
      this.#byte(value & 0xff);
    } else if (value >= -0x8000) this.#short(0xd1, value);
    else this.#long(0xd2, value);
  }

  /** @param {number} value */
  #writeDouble(value) {
    this.#byte(0xcb);
    this.#bytes.writeDoubleBE(value, this.#p);
    this.#p += 8;
  }

  /** @param {bigint} value of 64 bits */
  #writeInteger64(value) {
    this.#byte(value < 0n ? 0xd3 : 0xcf);
    this.#bytes.writeBigUInt64BE(BigInt.asUintN(64, value), this.#p);
    this.#p += 8;
  }

  /** @param {bigint} value */
  #writeBigInt(value) {
    if (value < -(2n ** 63n) || value >= 2n ** 64n) throw new Refusal('a BigInt of over 64 bits');
    if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER)
      this.#writeNumber(Number(value));
    else this.#writeInteger64(value);
  }

  /** @param {string} text */
  #writeString(text) {
    if (text.length <= SHORT && this.#writeAscii(text)) return;
    const size = Buffer.byteLength(text);
    this.#reserve(size + HEAD_BYTES);
    if (size < 32) this.#byte(0xa0 | size);
    else this.#writeSize(0xd9, size);
    this.#bytes.utf8Write(text, this.#p, size);
    this.#p += size;
  }

  /** @param {string} text short @returns whether it was written */
  #writeAscii(text) {
    const n = text.length;
    this.#reserve(n + 1);
    const bytes = this.#bytes;
    let p = this.#p + 1;
    for (let i = 0; i < n; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[p++] = code;
    }
    bytes[this.#p] = 0xa0 | n;
    this.#p = p;
    return true;
  }

  /** A size in one byte, two or four. @param {number} first of the three forms @param {number} size */
  #writeSize(first, size) {
    if (size < 0x100) {
      this.#byte(first);
      this.#byte(size);
    } else if (size < 0x10000) this.#short(first + 1, size);
    else this.#long(first + 2, size);
  }

  /** The head of an array or map. @param {number} few @param {number} many @param {number} count */
  #writeCount(few, many, count) {
    if (count < 16) this.#byte(few | count);
    else if (count < 0x10000) this.#short(many, count);
    else this.#long(many + 1, count);
  }

  /** @param {any} object */
  #writeObject(object) {
    if (isProxy(object)) throw new Refusal('a Proxy');
    if (++this.#depth > MAX_DEPTH)
      throw new Refusal(`nested deeper than ${MAX_DEPTH} levels, or a cycle`);
    if (Array.isArray(object)) this.#writeArray(object);
    else {
      const prototype = getPrototypeOf(object);
      if (prototype === Object.prototype) this.#writePlain(object);
      else this.#writeOther(object, prototype);
    }
    this.#depth--;
  }

  /** @param {any} object @param {any} prototype */
  #writeOther(object, prototype) {
    if (isUint8Array(object)) this.#writeBytes(object);
    else if (isDate(object)) this.#writeDate(getTime.call(object));
    else if (isMap(object)) this.#writeMap(object);
    else if (prototype === null || kindOf(prototype) === PLAIN) this.#writePlain(object);
    else throw new Refusal(`a ${prototype?.constructor?.name || 'value of its kind'}`);
  }

  /** @param {any[]} array */
  #writeArray(array) {
    const { length } = array;
    this.#writeCount(0x90, 0xdc, length);
    for (let i = 0; i < length; i++) {
      try {
        const value = array[i];
        if (value === undefined && !Object.hasOwn(array, i)) throw new Refusal('a hole');
        this.#write(value);
      } catch (thrown) {
        this.#trail.push(i);
        throw thrown;
      }
    }
  }

  /** @param {any} object */
  #writePlain(object) {
    if (isArgumentsObject(object)) throw new Refusal('an arguments object');
    const keys = keysOf(object);
    this.#writeCount(0x80, 0xde, keys.length);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      try {
        this.#writeString(key);
        this.#write(object[key]);
      } catch (thrown) {
        this.#trail.push(key);
        throw thrown;
      }
    }
  }

  /** Arrives as an object. @param {Map<any, any>} map */
  #writeMap(map) {
    const entries = [...Map.prototype.entries.call(map)];
    this.#writeCount(0x80, 0xde, entries.length);
    entries.forEach(([key, value], i) => {
      const isKey = typeof key !== 'string';
      try {
        if (isKey) throw new Refusal('a key that is no string');
        this.#writeString(key);
        this.#write(value);
      } catch (thrown) {
        const step = isKey ? `.keys()[${i}]` : `.get(${JSON.stringify(key.slice(0, 64))})`;
        this.#trail.push(new Step(step));
        throw thrown;
      }
    });
  }

  /** @param {Uint8Array} data */
  #writeBytes(data) {
    const size = byteLengthOf(data);
    this.#reserve(size + HEAD_BYTES);
    this.#writeSize(0xc4, size);
    this.#bytes.set(data, this.#p);
    this.#p += size;
  }

  /** A timestamp of the specification, in its shortest form. @param {number} time */
  #writeDate(time) {
    if (Number.isNaN(time)) throw new Refusal('an invalid Date');
    const seconds = Math.floor(time / 1000);
    const nanoseconds = (time - seconds * 1000) * 1e6;
    if (seconds >= 0 && seconds < TWO_34) this.#writeNearDate(seconds, nanoseconds);
    else this.#writeFarDate(seconds, nanoseconds);
  }

  /** Of 32 bits, or of 30 bits of nanoseconds and 34 of seconds. */
  #writeNearDate(seconds, nanoseconds) {
    if (seconds < TWO_32 && nanoseconds === 0) {
      this.#byte(0xd6);
      this.#long(TIMESTAMP, seconds);
      return;
    }
    this.#byte(0xd7);
    this.#long(TIMESTAMP, nanoseconds * 4 + Math.floor(seconds / TWO_32));
    this.#bytes.writeUInt32BE(seconds % TWO_32, this.#p);
    this.#p += 4;
  }

  #writeFarDate(seconds, nanoseconds) {
    this.#byte(0xc7);
    this.#byte(12);
    this.#long(TIMESTAMP, nanoseconds);
    this.#bytes.writeBigInt64BE(BigInt(seconds), this.#p);
    this.#p += 8;
  }
}

module.exports = { MsgpackEncoder };
