'use strict';

const ONCE = { once: true };

/** The calls of one signal. It listens to it itself: a closure less. */
class Group {
  calls = new Set();
  #groups;

  constructor(signal, groups) {
    this.signal = signal;
    this.#groups = groups;
    signal.addEventListener('abort', this, ONCE);
  }

  handleEvent() {
    this.#groups.abort(this);
  }

  /** The call has settled. */
  leave(call) {
    call.group = null;
    this.calls.delete(call);
    if (this.calls.size > 0) return;
    this.signal.removeEventListener('abort', this);
    this.#groups.forget(this);
  }
}

/**
 * Calls by the signal that aborts them. A signal has one listener of ours however many calls share
 * it, and none once they have settled: to add one for each call would cost more than the call.
 */
class AbortGroups {
  #groups = new Map();
  /** @type {Group | null} */
  #last = null; // the group that was looked up last
  #onAbort;

  /** @param {(call: any, reason: unknown) => void} onAbort for each call of a signal that aborts */
  constructor(onAbort) {
    this.#onAbort = onAbort;
  }

  /** @param {AbortSignal} signal not aborted @param {any} call gets its `group` */
  join(signal, call) {
    const group = this.#last?.signal === signal ? this.#last : this.#groupOf(signal);
    group.calls.add(call);
    call.group = group;
  }

  #groupOf(signal) {
    let group = this.#groups.get(signal);
    if (group === undefined) this.#groups.set(signal, (group = new Group(signal, this)));
    this.#last = group;
    return group;
  }

  abort(group) {
    this.forget(group);
    for (const call of group.calls) {
      call.group = null;
      this.#onAbort(call, group.signal.reason);
    }
  }

  forget(group) {
    this.#groups.delete(group.signal);
    if (this.#last === group) this.#last = null;
  }
}

module.exports = { AbortGroups };
