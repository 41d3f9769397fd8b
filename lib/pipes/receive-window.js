'use strict';

/** How far the other end may write: counted from the beginning of the pipe, in items or bytes. */
class ReceiveWindow {
  #received = 0;
  #granted;

  /** @param {number} mark what may be unread */
  constructor(mark) {
    this.#granted = mark;
  }

  /** How far it may write, as it was last told. */
  get granted() {
    return this.#granted;
  }

  /** @param {number} count has arrived @returns {boolean} whether that was allowed */
  arrive(count) {
    this.#received += count;
    return this.#received <= this.#granted;
  }

  /**
   * What is to be granted now that the reader has come so far: something when half a window has
   * become free, or a reader starves that wants more than there is.
   * @param {number} unread
   * @param {number} mark the reader's: a long read raises it
   * @param {boolean} starves
   * @returns {number | undefined} the new limit, to be told; undefined where the old one will do
   */
  advance(unread, mark, starves) {
    const limit = this.#received - unread + mark;
    const step = limit - this.#granted;
    if (step <= 0 || (step * 2 < mark && !starves)) return undefined;
    this.#granted = limit;
    return limit;
  }
}

module.exports = { ReceiveWindow };
