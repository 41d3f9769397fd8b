'use strict';

const { NO_DETAILS } = require('./call-details');
const { OverloadedError } = require('./errors');
const { FLAG, TYPE } = require('./frames');

/** One-way messages to the other end, and what becomes of them when that is behind. */
class Outbox {
  #channel;
  #posts = 0;
  #onDrained;
  /** Whether somebody was told to wait. */
  needsDrain = false;

  /** @param {() => void} onDrained what waits is below the marks again */
  constructor(onDrained) {
    this.#onDrained = onDrained;
  }

  /** @param {import('./channel').Channel} channel from now on */
  use(channel) {
    this.#channel = channel;
  }

  /** The number of a post, which names it in its session (P4.14). */
  #nextPost() {
    return (this.#posts = (this.#posts + 1) >>> 0);
  }

  /**
   * @param {number} method
   * @param {unknown} payload
   * @param {import('./call-details').Details} details
   * @returns {boolean} false: accepted, but wait for the drain
   * @throws {OverloadedError} past the cap
   */
  post(method, payload, details) {
    if (this.needsDrain) this.#checkCap();
    const number = this.#nextPost();
    const channel = this.#channel;
    if (details === NO_DETAILS)
      channel.send(TYPE.REQUEST, FLAG.ONEWAY, method, number, 0, 0, false, payload);
    else {
      const block = details.block(0);
      channel.sendWithBlock(TYPE.REQUEST, FLAG.ONEWAY, method, number, 0, 0, block, payload);
    }
    return this.#isBelowMark();
  }

  /** Past any mark. @param {import('./kept-payload').KeptPayload} payload */
  postKept(method, payload, details) {
    this.#channel.sendKept(FLAG.ONEWAY, method, this.#nextPost(), 0, 0, details.block(0), payload);
  }

  #checkCap() {
    if (this.#channel.isOverCap) throw overCap();
  }

  #isBelowMark() {
    if (!this.#channel.isOverMark) return true;
    this.wantDrain();
    return false;
  }

  /** Somebody was told to wait, until the channel is below the marks. */
  wantDrain() {
    if (!this.needsDrain) this.#channel.wantDrain();
    this.needsDrain = true;
  }

  onDrain() {
    if (!this.needsDrain) return;
    if (this.#channel.isOverMark) return void this.#channel.wantDrain(); // posts of this batch
    this.needsDrain = false;
    this.#onDrained();
  }
}

function overCap() {
  return new OverloadedError('posts past the hard cap: wait for drain');
}

module.exports = { Outbox, overCap };
