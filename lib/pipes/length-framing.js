'use strict';

const { SerializationError, TooLargeError } = require('../errors');
const { NOTHING } = require('./nothing');
const { Remainder } = require('./remainder');

const PREFIX = 4;

/** Each value is its length, 4 bytes little endian, and as many bytes. */
class LengthFraming {
  #codec;
  #limit;
  #rest = new Remainder();
  /** @type {Buffer} */
  #bytes = Buffer.alloc(0); // that came, read up to #at
  #at = 0;
  #isOver = false;

  /**
   * @param {{ toBytes(value: unknown): Uint8Array, fromBytes(bytes: Buffer): unknown }} codec
   * @param {number} limit of a value, bytes
   */
  constructor(codec, limit) {
    this.#codec = codec;
    this.#limit = limit;
  }

  /** @param {unknown} value @returns {Buffer} for join() @throws {SerializationError | TooLargeError} */
  frame(value) {
    const bytes = this.#codec.toBytes(value);
    this.#check(bytes.length);
    const frame = Buffer.allocUnsafe(PREFIX + bytes.length);
    frame.writeUInt32LE(bytes.length);
    frame.set(bytes, PREFIX);
    return frame;
  }

  /** @param {Buffer[]} frames @returns {Buffer} to be written */
  join(frames) {
    return frames.length === 1 ? frames[0] : Buffer.concat(frames);
  }

  #check(length) {
    if (length > this.#limit)
      throw new TooLargeError(`a value of ${length} bytes, at most ${this.#limit}`);
  }

  /** @param {Buffer} chunk what the program wrote next */
  feed(chunk) {
    const left = this.#bytes.subarray(this.#at);
    if (left.length === 0) this.#bytes = chunk;
    else this.#bytes = this.#behind(left, chunk);
    this.#at = 0;
  }

  /** A value that takes many chunks is copied once. */
  #behind(left, chunk) {
    const isKept = this.#rest.length > 0 && this.#at === 0;
    if (!isKept) {
      this.#rest.take();
      this.#rest.append(left); // which may lie where it goes: copy() minds
    }
    this.#rest.append(chunk);
    return this.#rest.bytes;
  }

  /** There is no more. */
  finish() {
    this.#isOver = true;
  }

  /** @returns {unknown} a value, or NOTHING @throws {SerializationError | TooLargeError} */
  next() {
    const left = this.#bytes.length - this.#at - PREFIX;
    const length = left < 0 ? 0 : this.#bytes.readUInt32LE(this.#at);
    this.#check(length);
    if (left < length) return this.#wait();
    const start = this.#at + PREFIX;
    this.#at = start + length;
    return this.#codec.fromBytes(Buffer.from(this.#bytes.subarray(start, this.#at)));
  }

  #wait() {
    const cut = this.#bytes.length - this.#at;
    if (cut === 0) this.#rest.take();
    else if (this.#isOver)
      throw new SerializationError(`the output ends inside a value, ${cut} bytes behind its start`);
    return NOTHING;
  }
}

module.exports = { LengthFraming };
