'use strict';

const { ItemStream } = require('./item-stream');
const { StreamReader } = require('./stream-reader');

/** The call tells why its stream is lost. */
class ResultReader extends StreamReader {
  onLost(error, isAsked) {
    this.stream.onLost(error, isAsked);
  }

  get isFinishing() {
    const { isAnswered, destroyed, readableEnded, readableFlowing } = this.stream;
    return isAnswered && !destroyed && !readableEnded && readableFlowing !== null;
  }
}

/**
 * What the handler of a call gives item by item; its error comes behind the items. An abort and a
 * timeout do not wait for that.
 */
class ResultStream extends ItemStream {
  #isComplete = false; // nothing more comes
  #isSettled = false;
  /** @type {any} the call has failed with that, or the channel before all had come; null: neither */
  #error = null;
  #isQuiet = false; // nobody need hear of it
  #onLeft;
  /** Whether its handler has settled, and nobody has given it up. */
  isAnswered = false;

  /** @param {() => void} onLeft nobody reads any more */
  constructor(onLeft) {
    super();
    this.#onLeft = onLeft;
  }

  /** @param {import('./stream-end').StreamEnd} end open */
  readFrom(end) {
    super.readFrom(end, ResultReader);
  }

  onEnd() {
    this.#isComplete = true;
    this.#conclude();
  }

  /** @param {Error} error @param {boolean} isAsked here */
  onLost(error, isAsked) {
    this.#isComplete = true;
    this.#isQuiet = isAsked;
    this.#error ??= error;
    this.#conclude();
  }

  /** The call has its result. */
  succeed() {
    this.#isSettled = true;
    this.#conclude();
  }

  /** The call is given up. @param {unknown} reason */
  cut(reason) {
    this.isAnswered = false;
    this.fail(reason);
  }

  /** The call has failed. @param {unknown} reason */
  fail(reason) {
    if (this.#isSettled) return;
    const isLost = this.#isComplete && this.#error !== null;
    this.#isSettled = true;
    this.#error = reason || new DOMException(`aborted with ${String(reason)}`, 'AbortError');
    if (this.isAnswered || isLost) this.#conclude();
    else this.destroy(this.#error);
  }

  #conclude() {
    if (!this.#isComplete || !this.#isSettled) return;
    if (this.#error === null) this.push(null);
    else this.#failOnceRead();
  }

  read(size) {
    const item = super.read(size);
    if (this.#error !== null && this.#isComplete && this.#isSettled) this.#failOnceRead();
    return item;
  }

  #failOnceRead() {
    if (this.readableLength > 0) return;
    const error = this.#isQuiet && !this.isHeard ? undefined : this.#error;
    process.nextTick(() => this.destroy(error));
  }

  _destroy(error, callback) {
    if (!this.#isSettled) this.#onLeft();
    super._destroy(error, callback);
  }
}

module.exports = { ResultStream };
