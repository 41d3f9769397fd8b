'use strict';

/** The channels hawser:send and hawser:handle of node:diagnostics_channel. */

const { tracingChannel } = require('node:diagnostics_channel');

class Tracing {
  #channel;
  #start;
  #end;
  #asyncStart;
  #asyncEnd;
  #error;

  /** @param {string} name */
  constructor(name) {
    const channel = tracingChannel(name);
    this.#channel = channel;
    this.#start = channel.start;
    this.#end = channel.end;
    this.#asyncStart = channel.asyncStart;
    this.#asyncEnd = channel.asyncEnd;
    this.#error = channel.error;
  }

  /** Whether anybody listens. */
  get isActive() {
    return (
      this.#start.hasSubscribers ||
      this.#end.hasSubscribers ||
      this.#asyncStart.hasSubscribers ||
      this.#asyncEnd.hasSubscribers ||
      this.#error.hasSubscribers
    );
  }

  /** start, run, end. */
  traceSync(run, about) {
    return this.#channel.traceSync(run, about);
  }

  /** start, run, end, and when its promise has settled asyncStart and asyncEnd. */
  trace(run, about) {
    return this.#channel.tracePromise(run, about);
  }
}

module.exports = { sending: new Tracing('hawser:send'), handling: new Tracing('hawser:handle') };
