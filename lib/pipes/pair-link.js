'use strict';

const native = require('../binding');
const { FedCarrier } = require('../fed-carrier');

/** Between two channels of this thread: what one writes is fed to the other. As a FedLink. */
class PairLink extends FedCarrier {
  /** @type {any} the other one */
  #peer = null;
  /** @type {{ start: number, count: number }[]} pieces of the ring that the peer has not taken */
  #waiting = [];
  #isFinishing = false;
  #hasEnded = false;
  error = null;

  /** @returns {[PairLink, PairLink]} */
  static pair() {
    const pair = /** @type {[PairLink, PairLink]} */ ([new PairLink(), new PairLink()]);
    pair[0].#peer = pair[1];
    pair[1].#peer = pair[0];
    return pair;
  }

  onWant() {
    this.#peer.#pump();
  }

  unlimit() {}

  onSend(start, count) {
    const first = Math.min(count, this.ring.length - start);
    this.#waiting.push({ start, count: first });
    if (first < count) this.#waiting.push({ start: 0, count: count - first });
    this.#pump();
  }

  #pump() {
    const waiting = this.#waiting;
    while (waiting.length > 0) {
      const { start, count } = waiting[0];
      const piece = this.ring.subarray(start, start + count);
      const taken = native.feed(this.#peer.handle, piece) ?? count; // its channel may be closed
      native.fedSent(this.handle, taken);
      this.#peer.#onFed();
      if (taken < count) {
        waiting[0] = { start: start + taken, count: count - taken };
        return;
      }
      waiting.shift();
    }
    this.#onFed();
  }

  #onFed() {
    if (this.#isFinishing) this.#endIfDone();
  }

  /** End it when the streams of the channel are over, behind all that it has flushed. */
  finish() {
    this.#isFinishing = true;
    this.#endIfDone();
  }

  #endIfDone() {
    if (native.isDone(this.handle) !== false) this.destroy();
  }

  /** The peer gets no more. */
  destroy() {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#waiting = [];
    native.endFed(this.#peer.handle);
  }
}

module.exports = { PairLink };
