'use strict';

const JITTER = 100;
const MAX_TIMER = 0x7fffffff;

/**
 * Milliseconds to wait behind the attempt of that number, counted from 0: base * 2^attempt and a
 * jitter of 0 to 100, at most maxDelay; or what the user's function says.
 * @param {{ delay: number | ((attempt: number) => number), maxDelay: number }} connection
 * @param {number} attempt
 * @throws {TypeError} where the function says no finite number of at least 0; and what it throws
 */
function delayOf({ delay, maxDelay }, attempt) {
  if (typeof delay !== 'function')
    return Math.min(delay * 2 ** attempt + Math.random() * JITTER, maxDelay);
  const ms = delay(attempt);
  if (typeof ms === 'number' && Number.isFinite(ms) && ms >= 0) return Math.min(ms, MAX_TIMER);
  throw new TypeError(`Delay function must return a finite number >= 0, got: ${String(ms)}`);
}

/** Tries until it is told to stop, or has tried often enough. */
class ConnectionAttempts {
  #connection;
  #attempt;
  #onFailure;
  #made = 0;
  /** @type {any} */
  #timer;
  #stopped = false;

  /**
   * @param {any} connection normalized
   * @param {() => void} attempt begins one; what it throws is that attempt's failure
   * @param {(error: Error) => void} onFailure there is no hope; called once
   */
  constructor(connection, attempt, onFailure) {
    this.#connection = connection;
    this.#attempt = attempt;
    this.#onFailure = onFailure;
  }

  start() {
    if (this.#stopped) return;
    this.#made++;
    try {
      this.#attempt();
    } catch (error) {
      this.failed(error);
    }
  }

  /** The attempt that was begun has failed. @param {Error} error */
  failed(error) {
    if (this.#stopped) return;
    const { attempts } = this.#connection;
    if (this.#made >= attempts) {
      const text = `Failed to connect after ${this.#made} attempts: ${error.message}`;
      return void this.giveUp(text, error);
    }
    try {
      this.#timer = setTimeout(() => this.start(), delayOf(this.#connection, this.#made - 1));
    } catch (thrown) {
      this.stop();
      this.#onFailure(thrown);
    }
  }

  giveUp(text, cause) {
    this.stop();
    this.#onFailure(Object.assign(new Error(text, { cause }), { code: cause.code }));
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}

module.exports = { ConnectionAttempts, delayOf };
