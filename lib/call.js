'use strict';

const { rejectWithCallerStack } = require('./caller-stack');

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
}

module.exports = { Call, capture };
