'use strict';

const { StreamOwner } = require('./stream-owner');

/** Sends what an iterable gives on a stream, one after the other, as there is room. */
class ItemPump extends StreamOwner {
  #source;
  #iterator;
  #end;
  #isStopped = false;
  /** @type {((value?: any) => void) | null} waits for room */
  #goOn = null;

  /**
   * @param {any} source an AsyncIterable or Readable; it is this pump's now
   * @param {import('./stream-end').StreamEnd} end open, or accepted
   */
  constructor(source, end) {
    super();
    this.#source = source;
    this.#iterator = source[Symbol.asyncIterator]();
    this.#end = end;
    end.owner = this;
  }

  /**
   * Resolves when the source has ended, or was stopped because nobody reads any more. Rejects with
   * the source's error, or that of an item which cannot be sent; the caller tells the peer.
   */
  async run() {
    try {
      await this.#pump();
      this.#end.end();
    } catch (error) {
      if (!this.#isStopped) throw error;
    }
  }

  async #pump() {
    for (;;) {
      const { done, value } = await this.#iterator.next();
      if (done || this.#isStopped) return;
      await this.#send(value);
      if (this.#isStopped) return;
    }
  }

  async #send(value) {
    try {
      this.#end.send(value);
    } catch (error) {
      await this.#stopSource();
      throw error;
    }
    if (this.#end.isBehind) await new Promise((resolve) => (this.#goOn = resolve));
  }

  /** Nobody reads any more: the source is told so, its `finally` runs. */
  stop() {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#end.reset();
    this.#stopSource().catch(() => {}); // its next() fails with the same
    this.onWritable();
  }

  async #stopSource() {
    if (typeof this.#source.destroy === 'function') this.#source.destroy();
    else await this.#iterator.return?.();
  }

  // ---------------------------------------------------------------- of the StreamEnd

  onWritable() {
    const goOn = this.#goOn;
    if (goOn === null || (this.#end.isBehind && !this.#isStopped)) return;
    this.#goOn = null;
    goOn();
  }

  onReset() {
    this.stop();
  }

  onLost() {
    this.stop();
  }
}

/** Of what is not wanted. */
function discard(source) {
  if (typeof source.destroy === 'function') source.destroy();
  else Promise.resolve(source[Symbol.asyncIterator]().return?.()).catch(() => {});
}

module.exports = { ItemPump, discard };
