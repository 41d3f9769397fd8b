'use strict';

const { NEVER } = require('./frames');

/** What a handler may know of its call. Nothing in it is computed before it is asked for. */
class HandlerContext {
  #session;
  #slot;
  #generation;
  #received;
  #timeout;
  #oneWay;
  /** @type {{ tx?: string, metadata?: Record<string, string> } | null} */
  #details;

  /**
   * @param {string} type
   * @param {{ session: string, slot: number, generation: number, oneWay: boolean, details: object | null }} call
   * @param {number} received epoch milliseconds
   * @param {number} timeout milliseconds that the caller waits, or NEVER
   */
  constructor(type, { session, slot, generation, oneWay, details }, received, timeout) {
    this.type = type;
    this.#session = session;
    this.#slot = slot;
    this.#generation = generation;
    this.#received = received;
    this.#timeout = timeout;
    this.#oneWay = oneWay;
    this.#details = details;
  }

  /** Whether nobody waits for an answer. @param {HandlerContext} context */
  static isOneWay(context) {
    return context.#oneWay;
  }

  /** Milliseconds that the caller waits, or NEVER. @param {HandlerContext} context */
  static timeoutOf(context) {
    return context.#timeout;
  }

  /** Names the call on both sides (P4.14). */
  get tx() {
    const end = this.#oneWay ? '-post' : '';
    return this.#details?.tx ?? `${this.#session}-${this.#generation}-${this.#slot}${end}`;
  }

  /** What the caller gave as such, or undefined. */
  get metadata() {
    return this.#details?.metadata;
  }

  /** Epoch milliseconds at which the caller gives up, or undefined. */
  get deadline() {
    return this.#timeout === NEVER ? undefined : this.#received + this.#timeout;
  }
}

module.exports = { HandlerContext };
