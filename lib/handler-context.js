'use strict';

const { NEVER } = require('./frames');

/** What a handler may know of its call. Nothing in it is computed before it is asked for. */
class HandlerContext {
  #call;
  #received;
  #timeout;
  /** @type {AbortController | undefined} once the signal was asked for */
  #controller;

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

  /** Names the call, on both sides, as long as the session lives. */
  get tx() {
    const { session, generation, slot } = this.#call;
    return `${session}-${generation}-${slot}`;
  }

  /** Epoch milliseconds at which the caller gives up, or undefined. */
  get deadline() {
    return this.#timeout === NEVER ? undefined : this.#received + this.#timeout;
  }

  /** Aborts when the caller aborts, its deadline has passed, or it goes away. */
  get signal() {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#call.server.isGivenUp(this.#call)) this.#controller.abort();
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

  /** For the server only: handlers have no such method. @param {HandlerContext} context */
  static abort(context) {
    context.#controller?.abort();
  }
}

module.exports = { HandlerContext };
