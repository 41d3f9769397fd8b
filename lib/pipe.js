'use strict';

const { addAbortSignal, Duplex } = require('node:stream');

/**
 * A stream.Duplex to somewhere else. write() is answered when the other end has granted room for
 * it; end() ends one direction behind all data; destroy(error) reaches the other end. What carries
 * it implements the rest: stream-pipe.js over a channel, pipes/ over everything else.
 */
class Pipe extends Duplex {
  #name;

  /**
   * @param {string} name
   * @param {import('./pipe-options').PipeOptions} options
   */
  constructor(name, { objectMode, highWaterMark }) {
    super({ objectMode, highWaterMark });
    this.#name = name;
  }

  /**
   * Its abort destroys the pipe. For the constructor of a carrier, at its end: it may destroy it now.
   * @param {AbortSignal} [signal]
   */
  heed(signal) {
    if (signal !== undefined) addAbortSignal(signal, this);
  }

  /** That it was opened with. */
  get name() {
    return this.#name;
  }
}

/** What a write gets that waited when its pipe was destroyed without an error; as Node's streams say it. */
function destroyedError() {
  const error = new Error('Cannot call write after a stream was destroyed');
  return Object.assign(error, { code: 'ERR_STREAM_DESTROYED' });
}

module.exports = { Pipe, destroyedError };
