'use strict';

const { nullError } = require('./stream-end');
const { StreamOwner } = require('./stream-owner');

/** Sends what an iterable gives on a stream, one after the other, as there is room. */
class ItemPump extends StreamOwner {
  #source;
  #iterator;
  /** @type {import('./stream-end').StreamEnd | null} once it runs */
  #end = null;
  #isLeft = false; // the source has ended, or was told to
  #isStopped = false;
  /** @type {((value?: any) => void) | null} waits for room */
  #goOn = null;

  /**
   * @param {any} source an AsyncIterable or Readable; it is this pump's now
   * @throws {unknown} what it throws when it is asked for an iterator
   */
  constructor(source) {
    super();
    adopt(source);
    this.#source = source;
    this.#iterator = iteratorOf(source);
  }

  /**
   * Resolves when the source has ended, or was stopped because nobody reads any more. Rejects with
   * the source's error, or that of an item which cannot be sent; the caller tells the peer.
   * @param {import('./stream-end').StreamEnd} end open, or accepted
   */
  async run(end) {
    this.#end = end;
    end.owner = this;
    try {
      await this.#pump(end);
      end.end();
    } catch (error) {
      if (!this.#isStopped) throw error;
    }
  }

  async #pump(end) {
    for (;;) {
      const { done, value } = await this.#next();
      if (done || this.#isStopped) return;
      await this.#send(end, value);
      if (this.#isStopped) return;
    }
  }

  async #next() {
    let isOver = true;
    try {
      const result = await this.#iterator.next();
      isOver = result.done === true;
      return result;
    } finally {
      this.#isLeft ||= isOver;
    }
  }

  async #send(end, value) {
    try {
      if (value === null) throw nullError();
      end.send(value);
    } catch (error) {
      await this.#leave();
      throw error;
    }
    if (end.isBehind) await new Promise((resolve) => (this.#goOn = resolve));
  }

  /** Nobody reads any more: the source is told so, its `finally` runs. */
  stop() {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#end?.reset();
    this.#leave();
    this.onWritable();
  }

  /** What that throws is of no use to anybody. */
  async #leave() {
    if (this.#isLeft) return;
    this.#isLeft = true;
    try {
      if (typeof this.#source.destroy === 'function') this.#source.destroy();
      else await this.#iterator.return?.();
    } catch {
      return;
    }
  }

  // ---------------------------------------------------------------- of the StreamEnd

  onWritable() {
    const goOn = this.#goOn;
    if (goOn === null || (this.#end?.isBehind && !this.#isStopped)) return;
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

/** Its iterator tells of its errors, whether or not anybody else listens. */
function adopt(source) {
  if (typeof source.on === 'function') source.on('error', ignore);
}

function ignore() {}

/** That of a web stream could not be left while it is waiting for an item. */
function iteratorOf(source) {
  if (!(source instanceof ReadableStream)) return source[Symbol.asyncIterator]();
  const reader = source.getReader();
  return { next: () => reader.read(), return: () => reader.cancel() };
}

/** Of what is not wanted. @param {any} source */
function discard(source) {
  let pump;
  try {
    pump = new ItemPump(source);
  } catch {
    return;
  }
  pump.stop();
}

module.exports = { ItemPump, adopt, discard };
