'use strict';

const { setImmediate: nextTurn } = require('node:timers/promises');

/** Milliseconds after which what has not come is taken for lost. No test waits for it but one that fails. */
const LOST = 5000;

/** One end of a pair as it is driven and seen. */
class Observer {
  #events = [];
  #chunks = [];
  /** Items or bytes. */
  received = 0;
  /** Written, and not held back by a cork. */
  released = 0;
  #corked = 0;
  #isCorked = false;
  hasEnded = false;
  isFlowing = true;

  /** @param {import('node:stream').Duplex} pipe */
  constructor(pipe) {
    this.pipe = pipe;
    for (const name of ['end', 'finish', 'close']) pipe.on(name, () => this.#events.push(name));
    pipe.on('error', ({ message }) => this.#events.push(`error: ${message}`));
    pipe.on('data', (chunk) => {
      if (this.#events.length > 0 && this.has('end')) this.#events.push('data after end');
      this.#chunks.push(chunk);
      this.received += this.#sizeOf(chunk);
    });
  }

  has(event) {
    return this.#events.includes(event);
  }

  #sizeOf(chunk) {
    return this.pipe.readableObjectMode ? 1 : chunk.length;
  }

  write(chunk) {
    if (this.hasEnded || this.pipe.destroyed) return;
    this.pipe.write(chunk);
    if (this.#isCorked) this.#corked += this.#sizeOf(chunk);
    else this.released += this.#sizeOf(chunk);
  }

  cork() {
    if (this.#isCorked || this.hasEnded) return;
    this.#isCorked = true;
    this.pipe.cork();
  }

  uncork() {
    if (!this.#isCorked) return;
    this.#release();
    this.pipe.uncork();
  }

  #release() {
    this.#isCorked = false;
    this.released += this.#corked;
    this.#corked = 0;
  }

  end() {
    if (this.hasEnded || this.pipe.destroyed) return;
    this.hasEnded = true;
    this.#release();
    this.pipe.end();
  }

  pause() {
    this.isFlowing = false;
    this.pipe.pause();
  }

  resume() {
    this.isFlowing = true;
    this.pipe.resume();
  }

  /** Read by hand, up to `count` of what the other end has released. @param {Observer} other */
  async take(count, other) {
    const until = Math.min(this.received + count, other.released);
    await this.#until(() => {
      const wanted = until - this.received;
      if (wanted <= 0 || this.pipe.destroyed) return true;
      const { readableObjectMode, readableLength } = this.pipe;
      this.pipe.read(readableObjectMode ? undefined : Math.min(wanted, readableLength));
      return this.received >= until;
    }, 'to be read');
  }

  /** All that can arrive here without anybody's doing has arrived. @param {Observer} other */
  async settle(other) {
    if (!this.isFlowing) return;
    await this.#until(() => this.pipe.destroyed || this.received === other.released, 'data');
    if (!other.hasEnded) return;
    await this.#until(() => this.pipe.closed || this.has('end'), 'end');
    if (this.hasEnded && other.isFlowing) await this.#until(() => this.has('close'), 'close');
  }

  async #until(isSo, what) {
    for (const limit = Date.now() + LOST; !isSo(); await nextTurn())
      if (Date.now() > limit) throw new Error(`lost: ${what}; ${JSON.stringify(this.seen())}`);
  }

  async closed() {
    await this.#until(() => this.has('close'), 'close');
  }

  /** All that arrived, and all that happened, in order. */
  seen() {
    const bytes = () => Buffer.concat(this.#chunks).toString('hex');
    return {
      data: this.pipe.readableObjectMode ? this.#chunks : bytes(),
      events: this.#events,
    };
  }
}

module.exports = { Observer };
