'use strict';

const { AbortGroups } = require('./abort-groups');
const { Call, Ping, Tally, capture } = require('./call');
const { NO_DETAILS, encodeDetails } = require('./call-details');
const {
  overloadedError,
  restartingError,
  timeoutError,
  unknownTypeError,
} = require('./call-errors');
const { CallTable, MAX_SLOTS } = require('./call-table');
const { decodeError } = require('./error-frames');
const { OverloadedError, UnsupportedError } = require('./errors');
const { EVENT, NEVER, TYPE } = require('./frames');
const { sendOptions } = require('./options');
const { OverdueCalls } = require('./overdue-calls');

const SPILL_BYTES = 64 * 1024 * 1024;
const NO_OPTIONS = {};

/** @typedef {import('./lasting-calls').LastingCalls} LastingCalls */

/** Asks the other end of a channel, or of several one after the other, and settles what it asked. */
class Caller {
  #channel;
  #outbox;
  #refusal;
  /** @type {LastingCalls | null} where a worker that dies is replaced */
  #lasting;
  #calls = new CallTable();
  #methods = new Map(); // type to number
  #timeouts = []; // by method, milliseconds
  #retries = []; // by method: how often a call is tried again
  /** Calls and posts whose middleware has not finished: they are open, and have not been sent. */
  #prepared = new Set();
  /** Calls whose answer is in its middleware. @type {Set<Call>} */
  #arrived = new Set();
  #aborts = new AbortGroups((call, reason) => this.#abort(call, reason));
  /** @type {OverdueCalls | null} where whoever does not end can be replaced */
  #overdue = null;
  #tellsLate = false;
  /** @type {(() => void) | null} */
  #onceIdle = null;
  /** Whether there is an end that takes calls. */
  isOpen = false;
  tally = new Tally();

  /**
   * @param {object} owner
   * @param {(type?: string) => Error} owner.refusal why nothing can be sent, or not that type
   * @param {import('./outbox').Outbox} owner.outbox
   * @param {LastingCalls | null} [owner.lasting] those that outlive their worker; of this caller alone
   * @param {() => void} [owner.onOverdue] replaces the peer, where that can be done
   */
  constructor({ refusal, outbox, lasting = null, onOverdue }) {
    this.#refusal = refusal;
    this.#outbox = outbox;
    this.#lasting = lasting;
    lasting?.serve(this, outbox);
    if (onOverdue !== undefined) this.#overdue = new OverdueCalls(this.#calls, onOverdue);
  }

  /** @param {import('./channel').Channel} channel from now on */
  use(channel) {
    this.#channel = channel;
    this.#outbox.use(channel);
    this.#overdue?.clear();
    if (this.#tellsLate) channel.tellLate();
  }

  /** @param {ReturnType<import('./method-table').methodTable>} table of what the peer serves */
  setMethods({ methods, timeouts, retries }) {
    this.#methods = methods;
    this.#timeouts = timeouts;
    this.#retries = retries;
  }

  /** Nothing can be sent any more. */
  close() {
    this.isOpen = false;
    this.#methods.clear();
  }

  /** Calls that have not settled, and posts that have not been sent. */
  get size() {
    return this.#open + (this.#lasting?.size ?? 0);
  }

  get #open() {
    return this.#calls.size + this.#prepared.size + this.#arrived.size;
  }

  /** Whether calls are taken, even if only to wait for the worker that comes. */
  get isTaking() {
    return this.isOpen || (this.#lasting !== null && this.#lasting.isWaiting);
  }

  get #isFull() {
    if (!this.isOpen && this.#lasting !== null) return this.#lasting.isFull;
    return this.#calls.isFull || this.#channel.queuedBytes > SPILL_BYTES;
  }

  // ---------------------------------------------------------------- asking

  /**
   * As Worker.send.
   * @param {import('./streamed-call').StreamedCall | null} [link] where something of it is a stream
   */
  send(type, payload, options, link = null) {
    const method = this.#methods.get(type);
    const isPlain = method !== undefined && this.isOpen && options === undefined && link === null;
    if (!isPlain || this.#retries[method] > 0) return this.#sendWith(type, payload, options, link);
    if (this.#isFull) return Promise.reject(overloadedError());
    const promise = new Promise(capture);
    const call = new Call(type, this.#timeouts[method], this.tally);
    this.#calls.take(call);
    const { slot, generation, timeout } = call;
    try {
      this.#channel.send(TYPE.REQUEST, 0, method, slot, generation, timeout, false, payload);
    } catch (error) {
      if (this.#calls.finish(slot, generation) !== undefined) call.refuse(error);
    }
    return promise;
  }

  #sendWith(type, payload, options, link) {
    let terms;
    let details;
    try {
      terms = this.admit(type, options);
      details = encodeDetails(terms);
    } catch (error) {
      return Promise.reject(error);
    }
    const promise = new Promise(capture);
    const call = new Call(type, terms.timeout, this.tally);
    if (link !== null) this.link(call, link);
    this.#heed(call, terms);
    this.submit(call, payload, details);
    return promise;
  }

  /**
   * What send() was told, checked and complete.
   * @param {import('./options').SendOptions} [options]
   * @returns {import('./options').SendOptions & { timeout: number }}
   * @throws {unknown} why it cannot be sent, or the reason of the signal
   */
  admit(type, options) {
    const method = this.checkType(type);
    const terms = sendOptions(options === undefined ? NO_OPTIONS : options);
    if (terms.grace !== undefined && this.#overdue === null)
      throw new UnsupportedError("abort 'terminate': the host cannot be replaced");
    terms.signal?.throwIfAborted();
    if (this.#isFull || this.#calls.size + this.#prepared.size >= MAX_SLOTS)
      throw overloadedError();
    terms.timeout ??= this.#timeouts[method];
    return /** @type {any} */ (terms);
  }

  /** @returns {number} the method @throws why it cannot be sent */
  checkType(type) {
    const method = this.#methods.get(type);
    if (method === undefined || !this.isTaking) throw this.#refusal(type);
    return method;
  }

  /**
   * What is admitted is open while its middleware runs.
   * @param {Call} call
   * @param {import('./options').SendOptions} [terms] of admit(), of a call
   */
  prepare(call, terms) {
    this.#prepared.add(call);
    if (terms !== undefined) this.#heed(call, terms);
  }

  /** @param {Call} call @param {import('./options').SendOptions} terms */
  #heed(call, { signal, onProgress, grace }) {
    if (grace !== undefined) this.#limit(call, grace);
    if (onProgress !== undefined) call.onProgress = onProgress;
    if (signal !== undefined) this.#aborts.join(signal, call);
  }

  #limit(call, grace) {
    call.grace = grace;
    if (this.#tellsLate) return;
    this.#tellsLate = true;
    this.#channel.tellLate();
  }

  /** Its signal has aborted, wherever it is. */
  #abort(call, reason) {
    const { slot, generation } = call;
    if (this.#calls.get(slot) === call) {
      const isOverdue = call.grace !== null && this.#channel.isSent(slot, generation);
      this.#calls.finish(slot, generation);
      if (isOverdue) this.#overdue?.watch(call);
      this.#channel.cancel(slot, generation);
    }
    if (call.kept !== null) this.#lasting?.withdraw(call);
    this.#prepared.delete(call);
    call.onProgress = null;
    if (call.link !== null) call.link.cut(reason);
    call.refuse(reason);
    this.#checkIdle();
  }

  /** @param {Call} call @param {import('./streamed-call').StreamedCall} link */
  link(call, link) {
    call.link = link;
    link.giveUp = (reason) => this.#abort(call, reason);
  }

  /** It is not to be sent any more. @param {Call} call */
  withdraw(call) {
    this.#prepared.delete(call);
    this.#checkIdle();
  }

  /** Of a call that was prepared. @param {Call} call @param {unknown} error it rejects with that */
  giveUp(call, error) {
    if (call.isSettled) return;
    call.refuse(error);
    this.withdraw(call);
  }

  /**
   * Send a call that was admitted, or keep it for the worker that comes.
   * @param {Call} call
   * @param {unknown} payload
   * @param {import('./call-details').Details} details
   * @param {number} [left] milliseconds until its caller gives up, 0: never
   */
  submit(call, payload, details, left = call.timeout) {
    if (call.isSettled) return; // by what stood in its way
    if (call.link !== null && this.#channel.isEncoding) {
      // A getter of a payload asks for streams, which cannot be opened now.
      this.#prepared.add(call);
      process.nextTick(() => this.submit(call, payload, details, left));
      return;
    }
    try {
      const method = this.#methods.get(call.type);
      if (method === undefined) throw this.#refusal(call.type);
      const attempts = this.#retries[method];
      const isWaiting = this.#lasting !== null && this.#lasting.isWaiting;
      if (call.link !== null && isWaiting) throw restartingError(call.type);
      if (call.link === null && this.#lasting !== null && (attempts > 0 || isWaiting))
        this.#lasting.keep(call, payload, details, left, attempts);
      else this.#transmit(call, method, payload, details, left);
    } catch (error) {
      call.refuse(error);
    }
    if (this.#prepared.delete(call)) this.#checkIdle();
  }

  #transmit(call, method, payload, details, left) {
    const channel = this.#channel;
    if (this.#calls.isFull) throw overloadedError(); // by those that came while it was made ready
    this.#calls.take(call);
    const { slot, generation } = call;
    try {
      if (call.link !== null) call.link.open(channel, slot, generation);
      if (details === NO_DETAILS) {
        const tell = left !== this.#timeouts[method];
        channel.send(TYPE.REQUEST, 0, method, slot, generation, left, tell, payload);
      } else {
        const block = details.block(this.#toldOf(method, left));
        channel.sendWithBlock(TYPE.REQUEST, 0, method, slot, generation, left, block, payload);
      }
    } catch (error) {
      // Else its worker has died, or its signal has aborted it meanwhile.
      if (this.#calls.finish(slot, generation) !== undefined) throw error;
    }
  }

  /** To the worker that there is now. @param {Call} call that is kept @param {number} left */
  transmitKept(call, left) {
    const method = this.#methods.get(call.type);
    if (method === undefined) throw unknownTypeError(call.type); // this worker does not know it
    if (this.#calls.isFull) throw overloadedError();
    this.#calls.take(call);
    const { slot, generation } = call;
    const { payload, details } = /** @type {import('./waiting-line').Kept} */ (call.kept);
    const block = details.block(this.#toldOf(method, left));
    try {
      this.#channel.sendKept(TYPE.REQUEST, 0, method, slot, generation, left, block, payload);
    } catch (error) {
      if (this.#calls.finish(slot, generation) !== undefined) throw error;
    }
  }

  /** The peer knows the usual timeouts. */
  #toldOf(method, left) {
    return left === this.#timeouts[method] ? 0 : left || NEVER;
  }

  /** As Worker.post. */
  post(type, payload) {
    const method = this.#methods.get(type);
    if (method !== undefined && this.isOpen) {
      this.#outbox.checkRoom();
      return this.#outbox.post(method, payload, NO_DETAILS);
    }
    this.checkType(type);
    this.checkRoom();
    return this.submitPost(type, payload, NO_DETAILS);
  }

  /** For a post or an event. @throws {OverloadedError} past the hard cap */
  checkRoom() {
    if (this.#lasting?.isWaiting) this.#lasting.checkRoom();
    else this.#outbox.checkRoom();
  }

  /** A post that was admitted. @param {import('./call-details').Details} details */
  submitPost(type, payload, details) {
    if (this.#lasting?.isWaiting) return this.#lasting.post(type, payload, details);
    const method = this.#methods.get(type);
    if (method === undefined) throw this.#refusal(type);
    return this.#outbox.post(method, payload, details);
  }

  /** To the worker that there is now. */
  transmitPost(type, kept) {
    const method = this.#methods.get(type);
    if (method === undefined) throw unknownTypeError(type);
    this.#outbox.postKept(method, kept);
  }

  /** As Worker.notify. */
  emit(name, data) {
    this.checkTaking();
    this.checkRoom();
    return this.submitEvent(name, data);
  }

  /** An event that was admitted. */
  submitEvent(name, data) {
    if (this.#lasting?.isWaiting) return this.#lasting.emit(name, data);
    return this.#outbox.emit(name, data);
  }

  /** @throws why there is no end that takes anything */
  checkTaking() {
    if (!this.isTaking) throw this.#refusal();
  }

  /**
   * Whether a getter of a payload asks: then a slot may be that of a call whose CANCEL waits for that
   * payload's end, so that nothing but records, which follow it, may take one.
   */
  get isEncoding() {
    return this.#channel.isEncoding;
  }

  /**
   * Not while a payload is being encoded.
   * @param {number} timeout milliseconds
   * @returns {Promise<number>} milliseconds
   */
  ping(timeout) {
    if (this.#calls.isFull) return Promise.reject(overloadedError());
    const promise = new Promise(capture);
    const call = new Ping(timeout);
    this.#calls.take(call);
    try {
      this.#channel.ping(call.slot, call.generation, timeout);
    } catch (error) {
      this.#calls.finish(call.slot, call.generation);
      call.refuse(new OverloadedError('too many pings', { cause: error }));
    }
    return promise;
  }

  // ---------------------------------------------------------------- settling

  /** An answer may come behind the abort of its call, in one batch: the generation tells. */
  onAnswer(kind, slot, at) {
    const call = this.#calls.finish(slot, this.#channel.generation(at));
    if (call === undefined) return;
    const isTooLate = kind === EVENT.TIMEOUT && this.#channel.value(at) !== 1;
    // Before anything else may take its slot, such as a call that waited for this one.
    if (isTooLate && call.grace !== null) this.#overdue?.watch(call);
    if (call.kept !== null) this.#lasting?.forget(call);
    this.#settle(call, kind, at);
    if (this.#onceIdle !== null) this.#checkIdle();
  }

  /** What cannot be read is dropped: the answer is still to come. */
  onProgress(at) {
    const call = this.#calls.get(this.#channel.slot(at));
    if (call?.generation !== this.#channel.generation(at) || call.onProgress === null) return;
    let value;
    try {
      value = this.#channel.payload(at);
    } catch {
      return;
    }
    // Before whoever awaits the answer, which may be in this batch, and not after an abort.
    queueMicrotask(() => call.onProgress?.(value));
  }

  #settle(call, kind, at) {
    if (call.link !== null && kind !== EVENT.TIMEOUT) call.link.onAnswer();
    if (kind === EVENT.RESPONSE) this.#resolve(call, at);
    else if (kind === EVENT.PONG) call.succeed(call.age);
    else if (kind === EVENT.TIMEOUT)
      call.fail(timeoutError(call, this.#channel.value(at) === 1 ? 'queue' : 'run'));
    else call.failRemotely(this.#channel.readPayload(at, decodeError));
  }

  /** A call that was given up has ended. */
  onLate(at) {
    this.#overdue?.end(this.#channel.slot(at), this.#channel.generation(at));
  }

  #resolve(call, at) {
    let value;
    try {
      value = this.#channel.payload(at);
    } catch (error) {
      call.fail(error);
      return;
    }
    call.succeed(value);
  }

  /** The calls that the peer had, oldest slot first; they are the taker's now. @returns {any[]} */
  takeSent() {
    return this.#calls.finishAll();
  }

  /** Its answer has come, but not through the middleware. @param {Call} call */
  beginArrival(call) {
    this.#arrived.add(call);
  }

  /** It has settled. @param {Call} call */
  endArrival(call) {
    if (this.#arrived.delete(call)) this.#checkIdle();
  }

  /** Reject all that is open. @param {(type: string) => Error} errorOf */
  rejectAll(errorOf) {
    this.rejectUnanswered(errorOf);
    for (const call of this.#arrived) call.fail(errorOf(call.type));
  }

  /** The same, but for what only its middleware keeps open. @param {(type: string) => Error} errorOf */
  rejectUnanswered(errorOf) {
    const waiting = this.#lasting === null ? [] : this.#lasting.takeAll();
    const calls = [...this.#calls.finishAll(), ...waiting, ...this.#prepared];
    this.#prepared.clear();
    this.#overdue?.clear();
    for (const call of calls) {
      if (call.kept) this.#lasting?.forget(call);
      call.fail(errorOf(call.type));
    }
  }

  /** Call it once nothing is open: at once, or behind the last answer. */
  whenIdle(callback) {
    this.#onceIdle = callback;
    this.#checkIdle();
  }

  #checkIdle() {
    if (this.#onceIdle === null || this.#open > 0) return;
    const callback = this.#onceIdle;
    this.#onceIdle = null;
    callback();
  }
}

module.exports = { Caller };
