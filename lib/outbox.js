'use strict';

const { OverloadedError } = require('./errors');
const { DRAIN, FLAG, TYPE } = require('./frames');
const { nameBlock } = require('./event-names');

/** One-way messages to the other end, and what becomes of them when that is behind. */
class Outbox {
  #channel;
  #needDrain = false;
  #onDrained;
  #beforeEvent;

  /**
   * @param {object} owner
   * @param {() => void} owner.onDrained what waits is below the marks again
   * @param {() => void} [owner.beforeEvent] send what an event must not overtake
   */
  constructor(channel, { onDrained, beforeEvent = () => {} }) {
    this.#channel = channel;
    this.#onDrained = onDrained;
    this.#beforeEvent = beforeEvent;
  }

  /** @returns {boolean} false: accepted, but wait for the drain. @throws {OverloadedError} past the cap */
  post(method, payload) {
    this.#checkCap();
    this.#channel.send(TYPE.REQUEST, FLAG.ONEWAY, method, 0, 0, 0, false, payload);
    return this.#isBelowMark();
  }

  /** As post(). @throws {TypeError | RangeError} on what is no name of an event */
  emit(name, data) {
    const block = nameBlock(name);
    this.#checkCap();
    this.#beforeEvent();
    this.#channel.sendEvent(block, data);
    return this.#isBelowMark();
  }

  #checkCap() {
    if (this.#needDrain && this.#channel.isOverCap)
      throw new OverloadedError('posts past the hard cap: wait for drain');
  }

  #isBelowMark() {
    if (!this.#channel.isOverMark) return true;
    if (!this.#needDrain) this.#channel.wantDrain(DRAIN.ALL);
    this.#needDrain = true;
    return false;
  }

  onDrain(what) {
    if (!this.#needDrain || (what & DRAIN.ALL) === 0) return;
    if (this.#channel.isOverMark) return void this.#channel.wantDrain(DRAIN.ALL); // posts of this batch
    this.#needDrain = false;
    this.#onDrained();
  }
}

module.exports = { Outbox };
