'use strict';

/** Most calls in flight or queued at a time: HWR_MAX_SLOTS of the core. */
const MAX_SLOTS = 1 << 17;

/** Calls by slot: an index that is used again only after its call's one terminal event. */
class CallTable {
  #calls = [];
  #free = [];
  #generations = new Uint32Array(64);
  #held = 0; // slots
  size = 0;

  get isFull() {
    return this.size + this.#held >= MAX_SLOTS;
  }

  /** Enter a call; sets its slot and generation. */
  take(call) {
    const slot = this.#free.length > 0 ? this.#free.pop() : this.#calls.length;
    if (slot === this.#generations.length) this.#grow();
    call.slot = slot;
    call.generation = this.#generations[slot];
    this.#calls[slot] = call;
    this.size++;
  }

  /** The call of that slot, if there is one. */
  get(slot) {
    return this.#calls[slot];
  }

  /** The call of that slot and generation, whose terminal event this is, if it is still open. */
  finish(slot, generation) {
    const call = this.#calls[slot];
    if (call === undefined || call.generation !== generation) return undefined;
    this.#calls[slot] = undefined;
    this.#generations[slot]++;
    this.#free.push(slot);
    this.size--;
    return call;
  }

  /** The slot that was freed last is not used again before release(). */
  hold() {
    this.#free.pop();
    this.#held++;
  }

  release(slot) {
    this.#free.push(slot);
    this.#held--;
  }

  /** Take all calls out, oldest slot first. */
  finishAll() {
    const calls = this.#calls.filter((call) => call !== undefined);
    for (const call of calls) this.finish(call.slot, call.generation);
    return calls;
  }

  #grow() {
    const grown = new Uint32Array(this.#generations.length * 2);
    grown.set(this.#generations);
    this.#generations = grown;
  }
}

module.exports = { CallTable, MAX_SLOTS };
