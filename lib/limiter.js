'use strict';

const { AsyncResource } = require('node:async_hooks');
const { TimeoutError } = require('./errors');
const { HandlerContext } = require('./handler-context');
const { isThenable } = require('./middleware');

/** Lets so many handlers run at a time; the others wait in the order in which they came. */
class Limiter {
  #most;
  #running = 0;
  /** @type {Array<(() => void) | undefined>} */
  #queue = [];
  #first = 0; // of the queue
  #starting = false;

  /** @param {number} most at least 1 */
  constructor(most) {
    this.#most = most;
  }

  /** @param {Function} handler @returns {(payload: unknown, context: HandlerContext) => unknown} */
  wrap(handler) {
    return (payload, context) => {
      if (this.#running < this.#most) return this.#run(handler, payload, context);
      return new Promise((resolve, reject) => {
        // What waits starts in its own context, not in that of the handler which made room.
        const resource = new AsyncResource('HAWSER_QUEUED');
        const start = () => this.#startLate(handler, payload, context);
        this.#queue.push(() => {
          try {
            resolve(resource.runInAsyncScope(start));
          } catch (error) {
            reject(error);
          }
        });
      });
    };
  }

  /** Its caller may have gone, or given up. */
  #startLate(handler, payload, context) {
    const { deadline, type } = context;
    if (HandlerContext.isGivenUp(context)) throw context.signal.reason;
    if (deadline === undefined || Date.now() < deadline)
      return this.#run(handler, payload, context);
    const timeout = HandlerContext.timeoutOf(context);
    const text = `Request timeout after ${timeout}ms: ${type}`;
    throw new TimeoutError(text, { phase: 'queue', timeout });
  }

  #run(handler, payload, context) {
    this.#running++;
    let result;
    let later = false;
    try {
      result = handler(payload, context);
      later = isThenable(result);
    } finally {
      if (!later) this.#end();
    }
    if (later) result = Promise.resolve(result).finally(() => this.#end());
    return result;
  }

  #end() {
    this.#running--;
    if (this.#starting) return;
    this.#starting = true;
    while (this.#running < this.#most && this.#first < this.#queue.length) this.#startNext();
    this.#starting = false;
  }

  #startNext() {
    const start = this.#queue[this.#first];
    this.#queue[this.#first++] = undefined;
    if (this.#first === this.#queue.length || this.#first === 1024) {
      this.#queue.splice(0, this.#first);
      this.#first = 0;
    }
    start?.();
  }
}

module.exports = { Limiter };
