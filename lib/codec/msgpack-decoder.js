'use strict';

const { ProtocolError } = require('../errors');
const { ShortStrings } = require('./short-strings');

const MAX_DEPTH = 1000;
const EMPTY = Buffer.alloc(0);
/** From here on a Buffer of an owned message is a view of it, if it is a good part of it. */
const VIEW_BYTES = 16 * 1024;
/** Longer strings are not looked up among recent ones. */
const SHORT = 32;
/** A property as an assignment makes it, but without a setter's say. */
const PLAIN = { writable: true, enumerable: true, configurable: true };
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes MessagePack (P9.20), or throws: any bytes may be put before it. It runs nothing of the user's. */
class MsgpackDecoder {
  #strings = new ShortStrings();
  /** @type {any} a Buffer */
  #bytes = EMPTY;
  #start = 0;
  #p = 0;
  #end = 0;
  #owned = false;
  #depth = 0;

  /**
   * @param {any} bytes
   * @param {number} start
   * @param {number} end the value must take exactly [start, end)
   * @param {boolean} owned the bytes belong to this message alone
   * @returns {any}
   * @throws {ProtocolError}
   */
  decode(bytes, start, end, owned) {
    this.#bytes = bytes;
    this.#start = this.#p = start;
    this.#end = end;
    this.#owned = owned;
    this.#depth = 0;
    try {
      const value = this.#read();
      if (this.#p !== end) throw malformed('bytes after the value');
      return value;
    } finally {
      this.#bytes = EMPTY;
    }
  }

  /** @param {number} count @returns {number} where that many bytes start, which are then consumed */
  #take(count) {
    const from = this.#p;
    if (count > this.#end - from) throw malformed('cut short');
    this.#p = from + count;
    return from;
  }

  /** @returns {any} */
  #read() {
    const tag = this.#bytes[this.#take(1)];
    if (tag < 0x80) return tag;
    if (tag >= 0xe0) return tag - 0x100;
    if (tag >= 0xc0) return this.#readTagged(tag);
    if (tag >= 0xa0) return this.#readText(tag & 0x1f);
    return tag < 0x90 ? this.#readMap(tag & 0x0f) : this.#readArray(tag & 0x0f);
  }

  /** @param {number} tag from 0xc0 to 0xdf */
  #readTagged(tag) {
    const reader = READERS[tag - 0xc0];
    if (reader === undefined) throw malformed('a byte that is never used');
    return reader(this);
  }

  /** @param {number} size 1, 2 or 4 */
  #natural(size) {
    const bytes = this.#bytes;
    let from = this.#take(size);
    let value = 0;
    for (const end = from + size; from < end; from++) value = value * 256 + bytes[from];
    return value;
  }

  /** @param {number} count */
  #readText(count) {
    const from = this.#take(count);
    const bytes = this.#bytes;
    if (count === 0) return '';
    if (count <= SHORT && isAscii(bytes, from, count))
      return this.#strings.read(bytes, from, count);
    const text = bytes.utf8Slice(from, from + count);
    return text.includes('\ufffd') ? strictText(bytes.subarray(from, from + count)) : text;
  }

  /** @param {number} count */
  #readBytes(count) {
    const from = this.#take(count);
    const view = this.#bytes.subarray(from, from + count);
    const mayShare = count >= VIEW_BYTES && count * 2 >= this.#end - this.#start;
    return this.#owned && mayShare ? view : Buffer.from(view);
  }

  /** @param {number} count @param {number} each least bytes of an item */
  #enter(count, each) {
    if (count * each > this.#end - this.#p) throw malformed('a count beyond the bytes');
    if (++this.#depth > MAX_DEPTH) throw malformed(`nested deeper than ${MAX_DEPTH} levels`);
  }

  /** @param {number} count */
  #readArray(count) {
    this.#enter(count, 1);
    // It grows as values come: what many nested heads claim is no reason to make room.
    const array = [];
    for (let i = 0; i < count; i++) array.push(this.#read());
    this.#depth--;
    return array;
  }

  /** @param {number} count */
  #readMap(count) {
    this.#enter(count, 2);
    /** @type {Record<string, unknown>} */
    const object = {};
    for (let i = 0; i < count; i++) {
      const key = this.#readKey();
      const value = this.#read();
      if (key !== '__proto__') object[key] = value;
      else Object.defineProperty(object, key, { ...PLAIN, value });
    }
    this.#depth--;
    return object;
  }

  #readKey() {
    const key = this.#read();
    if (typeof key === 'string') return key;
    if (Number.isInteger(key) || typeof key === 'bigint') return String(key);
    throw malformed('a key that is neither text nor an integer');
  }

  /** @param {number} count */
  #readExt(count) {
    const type = this.#bytes[this.#take(1)];
    const from = this.#take(count);
    if (type === 0 && count === 1) return undefined;
    if (type === 0xff) return this.#readDate(from, count);
    throw malformed(`an ext of type ${type > 127 ? type - 256 : type} and ${count} bytes`);
  }

  /** @param {number} from @param {number} count */
  #readDate(from, count) {
    const bytes = this.#bytes;
    if (count === 4) return dateOf(bytes.readUInt32BE(from), 0);
    if (count === 8) {
      const high = bytes.readUInt32BE(from);
      return dateOf((high & 3) * 2 ** 32 + bytes.readUInt32BE(from + 4), high >>> 2);
    }
    if (count !== 12) throw malformed(`a timestamp of ${count} bytes`);
    return dateOf(Number(bytes.readBigInt64BE(from + 4)), bytes.readUInt32BE(from));
  }

  /** What 0xc0 to 0xdf stand for. @type {Array<undefined | ((d: MsgpackDecoder) => any)>} */
  static READERS = [
    () => null,
    undefined,
    () => false,
    () => true,
    (d) => d.#readBytes(d.#natural(1)),
    (d) => d.#readBytes(d.#natural(2)),
    (d) => d.#readBytes(d.#natural(4)),
    (d) => d.#readExt(d.#natural(1)),
    (d) => d.#readExt(d.#natural(2)),
    (d) => d.#readExt(d.#natural(4)),
    (d) => d.#bytes.readFloatBE(d.#take(4)),
    (d) => d.#bytes.readDoubleBE(d.#take(8)),
    (d) => d.#natural(1),
    (d) => d.#natural(2),
    (d) => d.#natural(4),
    (d) => integerOf(d.#bytes.readBigUInt64BE(d.#take(8))),
    (d) => d.#bytes.readInt8(d.#take(1)),
    (d) => d.#bytes.readInt16BE(d.#take(2)),
    (d) => d.#bytes.readInt32BE(d.#take(4)),
    (d) => integerOf(d.#bytes.readBigInt64BE(d.#take(8))),
    (d) => d.#readExt(1),
    (d) => d.#readExt(2),
    (d) => d.#readExt(4),
    (d) => d.#readExt(8),
    (d) => d.#readExt(16),
    (d) => d.#readText(d.#natural(1)),
    (d) => d.#readText(d.#natural(2)),
    (d) => d.#readText(d.#natural(4)),
    (d) => d.#readArray(d.#natural(2)),
    (d) => d.#readArray(d.#natural(4)),
    (d) => d.#readMap(d.#natural(2)),
    (d) => d.#readMap(d.#natural(4)),
  ];
}

const { READERS } = MsgpackDecoder;

/** @param {any} bytes @param {number} from @param {number} count */
function isAscii(bytes, from, count) {
  for (let i = from; i < from + count; i++) if (bytes[i] > 0x7f) return false;
  return true;
}

/** The replacement character may be the text's own, or stand for what is not UTF-8. @param {any} bytes */
function strictText(bytes) {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed('a text that is no UTF-8');
  }
}

/** A number where that is exact. @param {bigint} value */
function integerOf(value) {
  const isSafe = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
  return isSafe ? Number(value) : value;
}

/** @param {number} seconds @param {number} nanoseconds */
function dateOf(seconds, nanoseconds) {
  const date = new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6));
  if (nanoseconds < 1e9 && !Number.isNaN(date.getTime())) return date;
  throw malformed('a timestamp that is no time');
}

/** @param {string} what */
function malformed(what) {
  return new ProtocolError(`malformed MessagePack: ${what}`, { rule: 'P9.3' });
}

module.exports = { MsgpackDecoder };
