'use strict';

const { isUtf8 } = require('node:buffer');
const { SerializationError, TooLargeError } = require('../errors');
const { NOTHING } = require('./nothing');
const { Remainder } = require('./remainder');

const NEWLINE = 10;
const MAX_QUOTED = 100;

/** @param {string} line @returns {string} for a message */
function quoted(line) {
  return JSON.stringify(line.length > MAX_QUOTED ? `${line.slice(0, MAX_QUOTED)}…` : line);
}

/** A line that is not UTF-8: told of when its turn comes. */
class Unreadable {
  /** @param {string} text with replacement characters */
  constructor(text) {
    this.text = text;
  }
}

/**
 * One value per line of UTF-8. Lines end with \n or \r\n, empty ones are no values, the last one may
 * have no end.
 */
class LineFraming {
  #codec;
  #limit;
  #rest = new Remainder(); // of a line that has not ended
  /** @type {(string | Unreadable)[]} that have, and whose turn has not come before #turn */
  #lines = [];
  #turn = 0;
  #isTooLong = false;

  /**
   * @param {{ toText(value: unknown): string, fromText(line: string): unknown }} codec
   * @param {number} limit of a line, bytes
   */
  constructor(codec, limit) {
    this.#codec = codec;
    this.#limit = limit;
  }

  /** @param {unknown} value @returns {string} for join() @throws {SerializationError | TooLargeError} */
  frame(value) {
    const text = this.#codec.toText(value);
    if (text.length > this.#limit)
      throw new TooLargeError(`a value of ${text.length} characters, at most ${this.#limit}`);
    return text;
  }

  /** @param {string[]} lines of frame(), one at least @returns {string} to be written */
  join(lines) {
    return `${lines.join('\n')}\n`;
  }

  /** @param {Buffer} chunk what the program wrote next */
  feed(chunk) {
    const end = chunk.lastIndexOf(NEWLINE);
    if (end >= 0) this.#add(this.#upTo(chunk, end));
    if (end + 1 < chunk.length) this.#rest.append(chunk.subarray(end + 1));
    if (this.#rest.length > this.#limit) this.#isTooLong = true;
  }

  /** What is left counts: it was the last line. */
  finish() {
    if (this.#rest.length > 0) this.#add(this.#rest.take());
  }

  #upTo(chunk, end) {
    if (this.#rest.length === 0) return chunk.subarray(0, end);
    this.#rest.append(chunk.subarray(0, end));
    return this.#rest.take();
  }

  /** @param {Buffer} bytes whole lines, without the last newline */
  #add(bytes) {
    const text = bytes.toString();
    // The replacement character may be the text's own, or stand for what is not UTF-8.
    const lines = text.includes('\ufffd') && !isUtf8(bytes) ? checked(bytes) : text.split('\n');
    const waiting = this.#turn < this.#lines.length;
    this.#lines = waiting ? [...this.#lines.slice(this.#turn), ...lines] : lines;
    this.#turn = 0;
  }

  /** @returns {unknown} a value, or NOTHING @throws {SerializationError | TooLargeError} */
  next() {
    while (this.#turn < this.#lines.length) {
      const line = this.#lines[this.#turn++];
      if (line === '' || line === '\r') continue;
      if (typeof line === 'string') return this.#codec.fromText(line);
      throw new SerializationError(`a line is not UTF-8: ${quoted(line.text)}`);
    }
    if (this.#isTooLong)
      throw new TooLargeError(`a line of more than ${this.#limit} bytes, and it has not ended`);
    return NOTHING;
  }
}

/** @param {Buffer} bytes @returns {(string | Unreadable)[]} its lines */
function checked(bytes) {
  const lines = [];
  for (let start = 0; start <= bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    const line = bytes.subarray(start, end);
    lines.push(isUtf8(line) ? line.toString() : new Unreadable(line.toString()));
    start = end + 1;
  }
  return lines;
}

module.exports = { LineFraming, quoted };
