'use strict';

const MAX_FAILED_STARTS = 5; // one after the other
const FIRST_DELAY = 100;
const MAX_DELAY = 5000;

/** When a worker that died is started again, and when no more. */
class Restarts {
  #failed = 0; // starts, one after the other
  #fruitless = 0; // workers that answered nothing, one after the other
  /** How often it was tried since there was a worker. */
  attempt = 0;

  /** A worker that was ready has died. @param {boolean} answered whether it had ever answered */
  died(answered) {
    this.#fruitless = answered ? 0 : this.#fruitless + 1;
  }

  failed() {
    this.#failed++;
    this.#fruitless++;
  }

  ready() {
    this.#failed = 0;
    this.attempt = 0;
  }

  get isHopeless() {
    return this.#failed >= MAX_FAILED_STARTS;
  }

  /** Milliseconds until the next try: none after a worker that was of use, or the first that was not. */
  get delay() {
    if (this.#fruitless <= 1) return 0;
    return Math.min(MAX_DELAY, FIRST_DELAY * 2 ** (this.#fruitless - 2));
  }
}

module.exports = { Restarts };
