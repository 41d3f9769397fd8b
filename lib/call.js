'use strict';

// The executor of every call's promise: a closure per call would cost more than the call's slot.
let resolveNext;
let rejectNext;
const capture = (resolve, reject) => {
  resolveNext = resolve;
  rejectNext = reject;
};

/** One call, of the promise that was made with capture() just before. */
class Call {
  constructor(type, timeout) {
    this.type = type;
    this.timeout = timeout;
    this.resolve = resolveNext;
    this.reject = rejectNext;
    this.slot = 0;
    this.generation = 0;
    /** @type {import('./waiting-line').Kept | null} of a call that may be sent again */
    this.kept = null;
  }

  /** Whether it is none of the user's. */
  get isPing() {
    return false;
  }
}

class Ping extends Call {
  #started = performance.now();

  get isPing() {
    return true;
  }

  /** Milliseconds since it was made. */
  get age() {
    return performance.now() - this.#started;
  }
}

module.exports = { Call, Ping, capture };
