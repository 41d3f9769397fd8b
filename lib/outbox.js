'use strict';

const { NO_DETAILS } = require('./call-details');
const { OverloadedError } = require('./errors');
const { nameBlock } = require('./records');
const { DRAIN, FLAG, TYPE } = require('./frames');

/** One-way messages to the other end, and what becomes of them when that is behind. */
class Outbox {
  #channel;
  #posts = 0;
  #onDrained;
  #beforeEvent;
  /** Whether somebody was told to wait. */
  needsDrain = false;

  /**
   * @param {object} owner
   * @param {() => void} owner.onDrained what waits is below the marks again
   * @param {() => void} owner.beforeEvent send what an event must not overtake
   */
  constructor({ onDrained, beforeEvent }) {
    this.#onDrained = onDrained;
    this.#beforeEvent = beforeEvent;
  }

  /** @param {import('./channel').Channel} channel from now on */
  use(channel) {
    this.#channel = channel;
  }

  /** The number of a post, which names it in its session (P4.19). */
  #nextPost() {
    return (this.#posts = (this.#posts + 1) >>> 0);
  }

  /**
   * @param {number} method
   * @param {unknown} payload
   * @param {import('./call-details').Details} details
   * @returns {boolean} false: accepted, but wait for the drain
   */
  post(method, payload, details) {
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

  /** As post(). @throws {TypeError | RangeError} on what is no name of an event */
  emit(name, data) {
    const block = nameBlock(name);
    this.#beforeEvent();
    this.#channel.sendWithBlock(TYPE.EVENT, 0, 0, 0, 0, 0, block, data);
    return this.#isBelowMark();
  }

  /** A post that waited, past any mark. */
  postKept(method, { payload, details }) {
    const [number, block] = [this.#nextPost(), details.block(0)];
    this.#channel.sendKept(TYPE.REQUEST, FLAG.ONEWAY, method, number, 0, 0, block, payload);
  }

  /** An event that waited. */
  emitKept(name, { payload }) {
    this.#beforeEvent();
    this.#channel.sendKept(TYPE.EVENT, 0, 0, 0, 0, 0, nameBlock(name), payload);
  }

  /** @throws {OverloadedError} past the cap */
  checkRoom() {
    if (!this.needsDrain || !this.#channel.isOverCap) return;
    if (this.#channel.hasUnflushed) this.#channel.flushMidway(); // some of it may have credit
    if (this.#channel.isOverCap) throw overCap();
  }

  #isBelowMark() {
    if (!this.#channel.isOverMark) return true;
    this.wantDrain();
    return false;
  }

  /** Somebody was told to wait, until the channel is below the marks. */
  wantDrain() {
    if (!this.needsDrain) this.#channel.wantDrain(DRAIN.ALL);
    this.needsDrain = true;
  }

  /** @param {number} what has drained: DRAIN.ALL, DRAIN.LANE, or both */
  onDrain(what) {
    if (!this.needsDrain || (what & DRAIN.ALL) === 0) return;
    if (this.#channel.isOverMark) return void this.#channel.wantDrain(DRAIN.ALL); // posts of this batch
    this.needsDrain = false;
    this.#onDrained();
  }
}

function overCap() {
  return new OverloadedError('posts past the hard cap: wait for drain');
}

module.exports = { Outbox, overCap };
