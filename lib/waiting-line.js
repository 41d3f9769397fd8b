'use strict';

const TURN = 100; // ms that a suspect has the worker's other suspects wait for it
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const MAX_KEPT_BYTES = 256 * 1024 * 1024;
const MAX_WAITING = 1 << 17;

/**
 * What a call or a post needs to be sent to another worker than the one that there was. `tries`
 * counts the workers that died with it, `attempts` how many may do so before the last one;
 * `wasSent` is whether it ever left the host.
 */
class Kept {
  constructor(payload, details, attempts, deadline) {
    this.payload = payload;
    /** @type {import('./call-details').Details} */
    this.details = details;
    this.bytes = payload.bytes + details.bytes;
    this.attempts = attempts;
    this.deadline = deadline; // performance.now(), or Infinity
    this.order = 0;
    this.tries = 0;
    this.wasSent = false;
    this.isWaiting = false;
  }

  /** Unless it has a name of its own, it keeps the one that it had in its first worker. */
  nameOnce(tx) {
    if (!this.details.hasTx) this.details = this.details.named(tx);
  }
}

/**
 * Calls and posts that wait for a worker, in order, and calls that were in one when it died. Of
 * those any may have been the reason, so they go one after the other: whoever kills its worker is
 * then known, and the others are not made to fail with it. Each has at most a turn to itself, so
 * those that depend on each other meet in the end.
 *
 * The owner has send(item), which does not throw, and expire(call).
 */
class WaitingLine {
  #owner;
  #items = []; // { type, kept, call, isEvent }, call null for posts and events
  #suspects = []; // calls that wait for their turn
  #withdrawn = 0; // of both: what is not to be sent any more
  #inTurn = new Set(); // suspects that the worker has
  #turn; // timer
  #isHanding = false;
  #alarm; // timer of the earliest deadline
  #alarmAt = Infinity;
  #orders = 0;
  #keptBytes = 0; // of calls that may be sent again, wherever they are
  #isRef = true;
  /** Payloads of what waits. */
  bytes = 0;

  constructor(owner) {
    this.#owner = owner;
  }

  get size() {
    return this.#items.length + this.#suspects.length - this.#withdrawn;
  }

  get callCount() {
    this.#compact();
    return this.#suspects.length + this.#items.filter(({ call }) => call !== null).length;
  }

  get isFull() {
    return this.size >= MAX_WAITING || this.bytes > MAX_WAITING_BYTES;
  }

  /** @param {{ bytes: number, messages: number }} mark @param {number} times */
  isOver({ bytes, messages }, times) {
    return this.bytes > times * bytes || this.size > times * messages;
  }

  get isKeepingTooMuch() {
    return this.#keptBytes > MAX_KEPT_BYTES;
  }

  /** A call that may be sent again, from its send until it settles. */
  keep(call, kept) {
    kept.order = this.#orders++;
    call.kept = kept;
    this.#keptBytes += kept.bytes;
  }

  /** It has settled. */
  forget(call) {
    const { kept } = call;
    call.kept = null;
    this.#keptBytes -= kept.bytes;
    if (this.#inTurn.delete(call) && this.#inTurn.size === 0) this.#nextSuspect();
  }

  /** A call that its caller has given up, wherever it is. */
  withdraw(call) {
    const { isWaiting, bytes } = call.kept;
    this.forget(call);
    if (!isWaiting) return;
    this.bytes -= bytes;
    if (++this.#withdrawn > this.size) this.#compact();
  }

  /** Drop what was withdrawn. */
  #compact() {
    if (this.#withdrawn === 0) return;
    this.#withdrawn = 0;
    this.#suspects = this.#suspects.filter(isWanted);
    this.#items = this.#items.filter(({ call }) => call === null || isWanted(call));
  }

  /** @param {{ type: string, kept: Kept, call: any, isEvent: boolean }} item */
  add(item) {
    this.#items.push(item);
    this.#enter(item.kept);
  }

  #enter(kept) {
    kept.isWaiting = true;
    this.bytes += kept.bytes;
    this.#watch(kept.deadline);
  }

  #leave(kept) {
    kept.isWaiting = false;
    this.bytes -= kept.bytes;
  }

  /** Whether no other suspect is in the worker. */
  isOnlySuspect(call) {
    return this.#inTurn.size === 1 && this.#inTurn.has(call);
  }

  /** They were in a worker that died, and wait for another. */
  addSuspects(calls) {
    this.#inTurn.clear();
    clearTimeout(this.#turn);
    this.#compact();
    for (const { kept } of calls) this.#enter(kept);
    this.#suspects.push(...calls);
    this.#suspects.sort((a, b) => a.kept.order - b.kept.order);
  }

  /** There is a worker: everything goes to it, suspects one after the other. */
  open() {
    this.#compact();
    const items = this.#items;
    this.#items = [];
    this.#nextSuspect();
    for (const item of items) {
      this.#leave(item.kept);
      this.#owner.send(item);
    }
  }

  /** Whoever waits for a turn goes now. */
  hurry() {
    while (this.#suspects.length > 0) this.#nextSuspect();
  }

  #nextSuspect() {
    if (this.#isHanding) return;
    this.#isHanding = true;
    clearTimeout(this.#turn);
    this.#compact();
    do {
      const call = this.#suspects.shift();
      if (call === undefined) break;
      const { type, kept } = call;
      this.#leave(kept);
      this.#inTurn.add(call);
      this.#owner.send({ type, kept, call, isEvent: false });
    } while (this.#inTurn.size === 0); // it could not be sent
    this.#isHanding = false;
    if (this.#suspects.length > 0) this.#startTurn();
  }

  #startTurn() {
    this.#turn = setTimeout(() => this.#nextSuspect(), TURN);
    if (!this.#isRef) this.#turn.unref();
  }

  /** Nobody will come: @returns {any[]} the calls, oldest first */
  clear() {
    this.#compact();
    const calls = this.#items.flatMap(({ call }) => (call === null ? [] : [call]));
    calls.unshift(...this.#suspects);
    this.#items = [];
    this.#suspects = [];
    this.#inTurn.clear();
    this.bytes = 0;
    clearTimeout(this.#turn);
    clearTimeout(this.#alarm);
    this.#alarmAt = Infinity;
    return calls;
  }

  /** @param {boolean} ref whether its timers keep the loop alive */
  setRef(ref) {
    this.#isRef = ref;
    const verb = ref ? 'ref' : 'unref';
    this.#turn?.[verb]();
    this.#alarm?.[verb]();
  }

  // ---------------------------------------------------------------- deadlines

  #watch(deadline) {
    if (deadline >= this.#alarmAt) return;
    this.#alarmAt = deadline;
    clearTimeout(this.#alarm);
    const left = Math.max(1, Math.ceil(deadline - performance.now()));
    this.#alarm = setTimeout(() => this.#expire(), left);
    if (!this.#isRef) this.#alarm.unref();
  }

  #expire() {
    this.#compact();
    const now = performance.now();
    this.#alarmAt = Infinity;
    const isLate = (call) => call !== null && call.kept.deadline <= now;
    const late = this.#suspects.filter(isLate);
    for (const { call } of this.#items) if (isLate(call)) late.push(call);
    if (late.length > 0) this.#remove(late, isLate);
    for (const call of this.#suspects) this.#watch(call.kept.deadline);
    for (const { kept } of this.#items) this.#watch(kept.deadline);
    for (const call of late) this.#owner.expire(call);
  }

  #remove(late, isLate) {
    this.#suspects = this.#suspects.filter((call) => !isLate(call));
    this.#items = this.#items.filter(({ call }) => !isLate(call));
    for (const { kept } of late) this.#leave(kept);
  }
}

const isWanted = (call) => call.kept !== null;

/** A call that is not sent again, and how often it was. */
function doom(call, isOnlySuspect) {
  const { kept } = call;
  if (kept === null) return { call, tries: undefined, isPoison: false };
  const tries = { attempt: kept.tries, maxAttempts: kept.attempts + 1 };
  return { call, tries, isPoison: isOnlySuspect };
}

module.exports = { Kept, WaitingLine, doom };
