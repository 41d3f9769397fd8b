'use strict';

const { AsyncResource } = require('node:async_hooks');
const { TimeoutError } = require('./errors');
const { HandlerContext } = require('./handler-context');
const { isThenable } = require('./middleware');

/** Lets so many handlers run at a time; the others wait in the order in which they came. */
class Limiter {
  #most;
  #running = 0;
  /** @type {Array<{ start: (() => void) | undefined } | undefined>} */
  #queue = [];
  #first = 0; // of the queue
  #dropped = 0; // of those that are in the queue
  #starting = false;

  /** @param {number} most at least 1 */
  constructor(most) {
    this.#most = most;
  }

  /** @param {Function} handler @returns {(payload: unknown, context: HandlerContext) => unknown} */
  wrap(handler) {
    return (payload, context) => {
      const isWanted = HandlerContext.isOneWay(context) || !HandlerContext.isGivenUp(context);
      if (!isWanted) throw context.signal.reason;
      if (this.#running < this.#most) return this.#run(handler, payload, context);
      return new Promise((resolve, reject) => {
        // What waits starts in its own context, not in that of the handler which made room.
        const resource = new AsyncResource('HAWSER_QUEUED');
        const run = () => this.#runLate(handler, payload, context);
        const waiting = this.#enqueue(() => {
          try {
            resolve(resource.runInAsyncScope(run));
          } catch (error) {
            reject(error);
          }
        });
        if (HandlerContext.isOneWay(context)) return;
        HandlerContext.onGivenUp(context, () => {
          if (this.#drop(waiting)) reject(context.signal.reason);
        });
      });
    };
  }

  #enqueue(start) {
    const waiting = { start };
    this.#queue.push(waiting);
    return waiting;
  }

  /** Its caller has given up. @returns {boolean} whether it waited */
  #drop(waiting) {
    if (waiting.start === undefined) return false;
    waiting.start = undefined;
    if (++this.#dropped > (this.#queue.length - this.#first) / 2) {
      this.#queue = this.#queue.filter((one) => one?.start !== undefined);
      this.#first = this.#dropped = 0;
    }
    return true;
  }

  /** The time of its caller may be over. */
  #runLate(handler, payload, context) {
    const { deadline, type } = context;
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
    const waiting = /** @type {{ start: (() => void) | undefined }} */ (this.#queue[this.#first]);
    const { start } = waiting;
    waiting.start = undefined;
    this.#queue[this.#first++] = undefined;
    if (this.#first === this.#queue.length || this.#first === 1024) {
      this.#queue.splice(0, this.#first);
      this.#first = 0;
    }
    if (start === undefined) this.#dropped--;
    else start();
  }
}

module.exports = { Limiter };
