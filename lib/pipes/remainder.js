'use strict';

const SMALLEST = 256;
const MOST_KEPT = 64 * 1024;

/** Bytes of a message that has not ended: its memory grows with what came, not with how often. */
class Remainder {
  #bytes = Buffer.alloc(0);
  length = 0;

  /** @param {Buffer} chunk is copied */
  append(chunk) {
    const length = this.length + chunk.length;
    if (length > this.#bytes.length) this.#grow(length);
    chunk.copy(this.#bytes, this.length);
    this.length = length;
  }

  #grow(length) {
    const grown = Buffer.allocUnsafeSlow(Math.max(SMALLEST, length, 2 * this.#bytes.length));
    this.#bytes.copy(grown, 0, 0, this.length);
    this.#bytes = grown;
  }

  /** What was appended, to be used before the next append(). */
  get bytes() {
    return this.#bytes.subarray(0, this.length);
  }

  /** The same, which is forgotten. */
  take() {
    const { bytes } = this;
    if (this.#bytes.length > MOST_KEPT) this.#bytes = Buffer.alloc(0);
    this.length = 0;
    return bytes;
  }
}

module.exports = { Remainder };
