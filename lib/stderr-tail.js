'use strict';

const { PassThrough } = require('node:stream');

const TAIL_BYTES = 4096;

/** The last bytes of a process's stderr, kept for the errors that need them. */
class StderrTail {
  #source;
  #tail = Buffer.alloc(0);
  #exited = false;
  #forwards;
  /** What was read, for the user to read as well; null but for 'stream'. */
  stream;

  /**
   * @param {import('node:stream').Readable} source
   * @param {'forward' | 'stream' | 'keep'} how to our own stderr, to the user's pace, or no further
   */
  constructor(source, how) {
    this.#source = source;
    this.#forwards = how === 'forward';
    this.stream = how === 'stream' ? new PassThrough() : null;
    source.on('data', (chunk) => this.#take(chunk));
    source.on('error', () => {});
    source.on('end', () => this.stream?.end());
    this.stream?.on('drain', () => source.resume());
  }

  #take(chunk) {
    this.#tail = Buffer.concat([this.#tail, chunk]).subarray(-TAIL_BYTES);
    if (this.#forwards) process.stderr.write(chunk);
    else if (this.stream?.write(chunk) === false && !this.#exited) this.#source.pause();
  }

  /** The process has ended: the rest, which is what a pipe holds, is taken in, read or not. */
  readRest() {
    this.#exited = true;
    this.#source.resume();
  }

  toString() {
    return this.#tail.toString();
  }
}

module.exports = { StderrTail };
