'use strict';

const { NEVER } = require('./frames');

/** What a handler may know of its call. Nothing in it is computed before it is asked for. */
class HandlerContext {
  #call;
  #received;
  #timeout;
  /** @type {AbortController | undefined} once the signal was asked for */
  #controller;
  /** @type {(() => void) | undefined} while it waits for its turn */
  #onGivenUp;

  /**
   * @param {string} type
   * @param {import('./server').ServedCall} call
   * @param {number} received epoch milliseconds
   * @param {number} timeout milliseconds that the caller waits, or NEVER
   */
  constructor(type, call, received, timeout) {
    this.type = type;
    this.#call = call;
    this.#received = received;
    this.#timeout = timeout;
  }

  /** Names the call on both sides (P4.19). */
  get tx() {
    const { server, slot, generation, oneWay, details } = this.#call;
    return details?.tx ?? `${server.session}-${generation}-${slot}${oneWay ? '-post' : ''}`;
  }

  /** What the caller gave as such, or undefined. */
  get metadata() {
    return this.#call.details?.metadata;
  }

  /** Epoch milliseconds at which the caller gives up, or undefined. */
  get deadline() {
    return this.#timeout === NEVER ? undefined : this.#received + this.#timeout;
  }

  /** Aborts when the caller aborts, its deadline has passed, or it goes away. */
  get signal() {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (HandlerContext.isGivenUp(this)) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** Reaches the caller's onProgress, unless the call has settled or the caller is far behind. */
  progress(value) {
    this.#call.server.progress(this.#call, value);
  }

  /** Event to the host; false when it is behind: accepted, but wait for 'drain' of parent.events. */
  emit(name, data) {
    return this.#call.server.emit(name, data);
  }

  // For those who serve: handlers have no such methods.

  /** @param {HandlerContext} context */
  static abort(context) {
    context.#controller?.abort();
    context.#onGivenUp?.();
  }

  /** Call back when nobody waits for it any more. @param {HandlerContext} context @param {() => void} callback */
  static onGivenUp(context, callback) {
    context.#onGivenUp = callback;
  }

  /** Whether nobody waits for what the handler does. @param {HandlerContext} context */
  static isGivenUp(context) {
    return context.#call.server.isGivenUp(context.#call);
  }

  /** Whether nobody ever waited for an answer. @param {HandlerContext} context */
  static isOneWay(context) {
    return context.#call.oneWay;
  }

  /** Milliseconds that the caller waits, or NEVER. @param {HandlerContext} context */
  static timeoutOf(context) {
    return context.#timeout;
  }
}

module.exports = { HandlerContext };
