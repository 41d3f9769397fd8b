'use strict';

const { plainBytes } = require('./bytes-of');

const EMPTY = Buffer.alloc(0);

/** An encoder over a function that makes the whole record at once, as a string or as bytes. */
class WholeEncoder {
  /** @param {(value: unknown) => { id: number, data: string | Uint8Array }} produce */
  constructor(produce) {
    this.produce = produce;
    /** @type {any} the Buffer where the record is */
    this.bytes = EMPTY;
    this.start = 0;
    this.segments = null;
    this.busy = false;
    /** How the last record is marked on the wire. */
    this.codecId = 0;
  }

  /**
   * As StructuredEncoder.encode().
   * @param {Buffer} bytes
   * @param {number} position
   * @param {number} limit
   * @param {unknown} value
   */
  encode(bytes, position, limit, value) {
    this.busy = true;
    try {
      const { id, data } = this.produce(value);
      this.codecId = id;
      return typeof data === 'string'
        ? this.#text(bytes, position, limit, data)
        : this.#binary(bytes, position, limit, plainBytes(data));
    } finally {
      this.busy = false;
    }
  }

  /**
   * A character takes up to three bytes of UTF-8.
   * @param {any} bytes
   * @param {number} position
   * @param {number} limit
   * @param {string} text
   */
  #text(bytes, position, limit, text) {
    const room = limit - position;
    const fits =
      text.length * 3 <= room || (text.length <= room && Buffer.byteLength(text) <= room);
    return fits
      ? this.#place(bytes, position).utf8Write(text, position, room) + position
      : this.#move(Buffer.from(text));
  }

  /**
   * @param {any} bytes
   * @param {number} position
   * @param {number} limit
   * @param {any} data
   */
  #binary(bytes, position, limit, data) {
    if (data.length > limit - position) return this.#move(data);
    this.#place(bytes, position).set(data, position);
    return position + data.length;
  }

  /** @param {any} bytes @param {number} position */
  #place(bytes, position) {
    this.bytes = bytes;
    this.start = position;
    return this.bytes;
  }

  /** @param {any} data */
  #move(data) {
    this.#place(data, 0);
    return data.length;
  }

  takeDefinitions() {
    return null;
  }

  release() {
    this.bytes = EMPTY;
  }
}

module.exports = { WholeEncoder };
