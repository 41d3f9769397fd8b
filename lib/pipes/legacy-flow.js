'use strict';

/** Resumes that nobody has paused for, after which a peer is taken for one that answers each value. */
const HABIT = 2;

/**
 * How much a peer is sent that grants nothing: one that may pause and resume, and that may, as the
 * older adapter does, say either for each value that it takes. Such a peer is kept a window ahead of;
 * one that is silent gets a window in each turn of the event loop, so that a pause can be heard.
 */
class LegacyFlow {
  /** In messages. */
  #window;
  /** Sent and not answered. */
  #outstanding = 0;
  #unaskedResumes = 0;
  #isPaused = false;

  /** @param {number} window in messages */
  constructor(window) {
    this.#window = window;
  }

  /** How many messages may be sent now. */
  get room() {
    return this.#isPaused ? 0 : Math.max(0, this.#window - this.#outstanding);
  }

  /** Whether nothing but time will make room. */
  get waitsForTurn() {
    return !this.#isPaused && this.#unaskedResumes < HABIT;
  }

  sent() {
    this.#outstanding++;
  }

  /** @param {'pause' | 'resume'} word of the peer */
  hear(word) {
    const answers = this.#outstanding > 0;
    if (answers && word === 'resume' && !this.#isPaused) this.#unaskedResumes++;
    if (answers) this.#outstanding--;
    this.#isPaused = word === 'pause';
  }

  /** The event loop has turned without a word of the peer. */
  turn() {
    this.#outstanding = 0;
  }
}

module.exports = { LegacyFlow };
