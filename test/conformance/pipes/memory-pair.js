'use strict';

const { Duplex } = require('node:stream');

/** One of two plain Duplexes that are each other's other end, with nothing in between: the model. */
class MemoryEnd extends Duplex {
  /** @type {MemoryEnd} */
  peer;
  /** Answers the write that the peer's reader has not made room for. */
  #answer = null;
  #hasEnded = false;

  _read() {
    this.peer.#goOn();
  }

  #goOn() {
    const answer = this.#answer;
    this.#answer = null;
    if (answer !== null) process.nextTick(answer);
  }

  _write(chunk, encoding, callback) {
    if (this.peer.push(chunk)) process.nextTick(callback);
    else this.#answer = callback;
  }

  _final(callback) {
    this.#hasEnded = true;
    this.peer.push(null);
    callback();
  }

  _destroy(error, callback) {
    const isOver = this.#hasEnded && this.peer.#hasEnded;
    if (!isOver) process.nextTick(() => this.peer.destroy(error ?? undefined));
    callback(error);
  }
}

/** @param {object} options of a Duplex @returns {{ near: Duplex, far: Duplex }} */
function memoryPair(options) {
  const [near, far] = [new MemoryEnd(options), new MemoryEnd(options)];
  near.peer = far;
  far.peer = near;
  return { near, far };
}

module.exports = { memoryPair };
