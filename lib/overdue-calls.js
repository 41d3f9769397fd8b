'use strict';

const SLOTS = 1 << 17; // more than there are

/**
 * Calls that were given up, and whose handlers must end within their grace. Until they do their
 * slots are held: a request under the same slot would end them for the protocol (P4.1).
 */
class OverdueCalls {
  #calls;
  #onOverdue;
  /** @type {Map<number, { slot: number, timer: NodeJS.Timeout }>} */
  #open = new Map();

  /** @param {import('./call-table').CallTable} calls @param {() => void} onOverdue one has not ended in time */
  constructor(calls, onOverdue) {
    this.#calls = calls;
    this.#onOverdue = onOverdue;
  }

  /** @param {{ slot: number, generation: number, grace: number | null }} call just finished; grace in milliseconds */
  watch({ slot, generation, grace }) {
    this.#calls.hold();
    const timer = setTimeout(() => this.#onOverdue(), grace ?? 0);
    this.#open.set(keyOf(slot, generation), { slot, timer: timer.unref() });
  }

  /** Its answer has come, late: its handler has ended. */
  end(slot, generation) {
    const key = keyOf(slot, generation);
    const call = this.#open.get(key);
    if (call === undefined) return;
    this.#open.delete(key);
    this.#close(call);
  }

  /** The worker that had them is gone. */
  clear() {
    for (const call of this.#open.values()) this.#close(call);
    this.#open.clear();
  }

  #close({ slot, timer }) {
    clearTimeout(timer);
    this.#calls.release(slot);
  }
}

const keyOf = (slot, generation) => generation * SLOTS + slot;

module.exports = { OverdueCalls };
