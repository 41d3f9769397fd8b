'use strict';

const { TimeoutError } = require('./errors');
const { rejectWithCallerStack } = require('./caller-stack');

// The executor of every call's promise: a closure per call would cost more than the call's slot.
let resolveNext;
let rejectNext;
const capture = (resolve, reject) => {
  resolveNext = resolve;
  rejectNext = reject;
};

/** One call of the host's. Made right after `new Promise(capture)`, which it settles. */
class Call {
  constructor(type, timeout) {
    this.type = type;
    this.timeout = timeout;
    this.resolve = resolveNext;
    this.reject = rejectNext;
    this.slot = 0;
    this.generation = 0;
    this.started = 0; // of a ping: performance.now()
  }

  /** The handler's result has come. */
  succeed(value) {
    this.resolve(value);
  }

  /** The handler's error has come. */
  failRemotely(error) {
    this.fail(error);
  }

  /** It failed on this side. */
  fail(error) {
    rejectWithCallerStack(this.resolve, this.reject, error);
  }

  /** @param {boolean} queued whether it never left */
  timeoutError(queued) {
    const { timeout, type } = this;
    const phase = queued ? 'queue' : 'run';
    return new TimeoutError(`Request timeout after ${timeout}ms: ${type}`, { phase, timeout });
  }
}

module.exports = { Call, capture };
