'use strict';

const { rejectWithCallerStack } = require('./caller-stack');

// The executor of every call's promise: a closure per call would cost more than the call's slot.
let resolveNext;
let rejectNext;
const capture = (resolve, reject) => {
  resolveNext = resolve;
  rejectNext = reject;
};

/** How many calls were made, and how many of those have failed. */
class Tally {
  sent = 0;
  failed = 0;
}

/** Of what is no call of the user's. */
const UNTOLD = new Tally();

/** One call, of the promise that was made with capture() just before. It settles once. */
class Call {
  /** @param {string} type @param {number} timeout milliseconds @param {Tally} tally of whoever calls */
  constructor(type, timeout, tally) {
    this.tally = tally;
    tally.sent++;
    this.type = type;
    this.timeout = timeout;
    this.resolve = resolveNext;
    this.reject = rejectNext;
    this.slot = 0;
    this.generation = 0;
    /** @type {import('./waiting-line').Kept | null} of a call that may be sent again */
    this.kept = null;
    /** @type {any} of the calls of its signal: it leaves that when it settles */
    this.group = null;
    /** @type {import('./streamed-call').StreamedCall | null} where its payload or results are streams */
    this.link = null;
    /** @type {((value: unknown) => void) | null} */
    this.onProgress = null;
    /** @type {number | null} what its handler has to end, once it is given up; null: for ever */
    this.grace = null;
    this.isSettled = false;
  }

  /** @returns {boolean} whether it was open until now */
  close() {
    const wasOpen = !this.isSettled;
    this.isSettled = true;
    if (this.group !== null) this.group.leave(this);
    return wasOpen;
  }

  /** The handler's result has come. */
  succeed(value) {
    if (this.close()) this.resolve(value);
  }

  /** The handler's error has come. */
  failRemotely(error) {
    this.fail(error);
  }

  /** It failed later than in send(): the stack of its error ends with who awaits it. */
  fail(error) {
    if (!this.close()) return;
    this.tally.failed++;
    rejectWithCallerStack(this.resolve, this.reject, error);
  }

  /** It failed with just this. */
  refuse(error) {
    if (!this.close()) return;
    this.tally.failed++;
    this.reject(error);
  }
}

class Ping extends Call {
  #started = performance.now();

  constructor(timeout) {
    super('ping', timeout, UNTOLD);
  }

  /** Milliseconds since it was made. */
  get age() {
    return performance.now() - this.#started;
  }
}

module.exports = { Call, Ping, Tally, UNTOLD, capture };
