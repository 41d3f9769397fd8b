'use strict';

/** How values become bytes for a program that is not ours, and bytes values. */

const { Custom, nameOf } = require('../codec/custom');
const { toJson } = require('../codec/json');
const { SerializationError, UnsupportedError } = require('../errors');
const { LengthFraming } = require('./length-framing');
const { LineFraming, quoted } = require('./line-framing');
const { NOTHING } = require('./nothing');

const MAX_VALUE_BYTES = 64 * 1024 * 1024;
const NO_LINE = /\n|\r$|^$/;

const JSON_LINES = {
  toText: toJson,
  fromText(line) {
    let value;
    try {
      value = JSON.parse(line);
    } catch (cause) {
      throw new SerializationError(`a line is not JSON: ${quoted(line)}`, { cause });
    }
    return notNull(value);
  },
};

/** To a stream null is its end. */
function notNull(value) {
  if (value !== null) return value;
  throw new SerializationError('a value is null, which a stream of objects cannot carry');
}

/**
 * The framing of a user's Serializer: lines if serialize() gives texts, lengths if it gives bytes.
 * Its property `bytes` says which; without one its first result does, or the program's first output:
 * lines.
 */
class CustomFraming {
  #name;
  #custom;
  #limit;
  /** @type {LineFraming | LengthFraming | null} null until it is known */
  #framing = null;

  constructor(serializer, limit) {
    this.#name = nameOf(serializer);
    this.#custom = new Custom(serializer);
    this.#limit = limit;
    if (typeof serializer.bytes === 'boolean') this.#choose(serializer.bytes);
  }

  #choose(isBytes) {
    this.#framing = isBytes ? this.#ofBytes() : this.#ofLines();
    return this.#framing;
  }

  #ofBytes() {
    const fromBytes = (bytes) => notNull(this.#custom.deserialize(bytes));
    return new LengthFraming(
      { toBytes: (/** @type {any} */ data) => data, fromBytes },
      this.#limit,
    );
  }

  #ofLines() {
    const fromText = (line) =>
      notNull(this.#custom.deserialize(line.endsWith('\r') ? line.slice(0, -1) : line));
    return new LineFraming({ toText: (text) => this.#line(text), fromText }, this.#limit);
  }

  #line(text) {
    if (!NO_LINE.test(text)) return text;
    throw new SerializationError(
      `${this.#name}.serialize() gave a text that is no line: it is empty or has a newline`,
    );
  }

  frame(value) {
    const data = this.#custom.serialize(value);
    const isBytes = typeof data !== 'string';
    const framing = this.#framing ?? this.#choose(isBytes);
    if (framing instanceof LengthFraming === isBytes) return framing.frame(data);
    const [gave, before] = isBytes ? ['bytes', 'lines'] : ['a text', 'bytes'];
    throw new SerializationError(
      `${this.#name}.serialize() gave ${gave}, but ${before} are in use: set its property 'bytes'`,
    );
  }

  join(frames) {
    return /** @type {any} */ (this.#framing).join(frames);
  }

  feed(chunk) {
    (this.#framing ?? this.#choose(false)).feed(chunk);
  }

  finish() {
    this.#framing?.finish();
  }

  next() {
    return this.#framing === null ? NOTHING : this.#framing.next();
  }
}

/**
 * @param {any} serializer 'json' or a Serializer
 * @param {number} [limit] of a value, bytes
 * @returns {LineFraming | CustomFraming} join() of what frame() gives is to be written; feed(chunk), then
 *   next() until it gives NOTHING; finish() and next() again
 * @throws {UnsupportedError}
 */
function framingOf(serializer, limit = MAX_VALUE_BYTES) {
  if (serializer === 'json') return new LineFraming(JSON_LINES, limit);
  if (typeof serializer === 'object') return new CustomFraming(serializer, limit);
  throw new UnsupportedError(
    `serializer '${serializer}' is for peers that speak hawser; for a program 'json' or a Serializer`,
  );
}

module.exports = { framingOf };
