'use strict';

const TAIL_BYTES = 4096;

/** The last bytes of a stream, kept for the errors that need them. */
class StderrTail {
  #tail = Buffer.alloc(0);

  /** @param {import('node:stream').Readable} stream @param {boolean} forward to our own stderr */
  constructor(stream, forward) {
    stream.on('data', (chunk) => {
      if (forward) process.stderr.write(chunk);
      this.#tail = Buffer.concat([this.#tail, chunk]).subarray(-TAIL_BYTES);
    });
    stream.on('error', () => {});
  }

  toString() {
    return this.#tail.toString();
  }
}

module.exports = { StderrTail };
