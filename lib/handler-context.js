'use strict';

const { NEVER } = require('./frames');

/** What a handler may know of its call. Nothing in it is computed before it is asked for. */
class HandlerContext {
  #session;
  #slot;
  #generation;
  #received;
  #timeout;

  /**
   * @param {string} type
   * @param {{ session: string, slot: number, generation: number }} call
   * @param {number} received epoch milliseconds
   * @param {number} timeout milliseconds that the caller waits, or NEVER
   */
  constructor(type, { session, slot, generation }, received, timeout) {
    this.type = type;
    this.#session = session;
    this.#slot = slot;
    this.#generation = generation;
    this.#received = received;
    this.#timeout = timeout;
  }

  /** Names the call, on both sides, as long as the session lives. */
  get tx() {
    return `${this.#session}-${this.#generation}-${this.#slot}`;
  }

  /** Epoch milliseconds at which the caller gives up, or undefined. */
  get deadline() {
    return this.#timeout === NEVER ? undefined : this.#received + this.#timeout;
  }
}

module.exports = { HandlerContext };
