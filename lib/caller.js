'use strict';

const { AbortGroups } = require('./abort-groups');
const { CallTable } = require('./call-table');
const { rejectWithCallerStack } = require('./caller-stack');
const { decodeError } = require('./error-frames');
const { OverloadedError, TimeoutError } = require('./errors');
const { EVENT, TYPE } = require('./frames');
const { sendOptions } = require('./options');

const SPILL_BYTES = 64 * 1024 * 1024;

// The executor of every call's promise: a closure per call would cost more than the call's slot.
let resolveNext;
let rejectNext;
const capture = (resolve, reject) => {
  resolveNext = resolve;
  rejectNext = reject;
};

class Call {
  constructor(type, timeout) {
    this.type = type;
    this.timeout = timeout;
    this.resolve = resolveNext;
    this.reject = rejectNext;
    this.slot = 0;
    this.generation = 0;
    this.started = 0; // of a ping: performance.now()
    this.group = null; // of the calls of its signal
    this.onProgress = null;
  }
}

/** Asks the other end of a channel, and settles what it asked. */
class Caller {
  #channel;
  #outbox;
  #calls = new CallTable();
  #methods = new Map(); // type to number
  #timeouts = []; // by method, milliseconds
  #aborts = new AbortGroups((call, reason) => this.#abort(call, reason));
  #refusal;
  /** @type {(() => void) | null} */
  #onceIdle = null;
  isOpen = false;
  sent = 0;
  failed = 0;

  /**
   * @param {object} owner
   * @param {(type?: string) => Error} owner.refusal why nothing can be sent, or not that type
   * @param {import('./outbox').Outbox} owner.outbox of that channel
   */
  constructor(channel, { refusal, outbox }) {
    this.#channel = channel;
    this.#refusal = refusal;
    this.#outbox = outbox;
  }

  /** @param {string[]} names of what the peer serves @param {{ message: number, types: object }} timeouts */
  setMethods(names, { message, types }) {
    names.forEach((name, i) => {
      this.#methods.set(name, i);
      this.#timeouts[i] = Object.hasOwn(types, name) ? types[name] : message;
    });
  }

  clearMethods() {
    this.#methods.clear();
  }

  /** Calls that have not settled. */
  get size() {
    return this.#calls.size;
  }

  send(type, payload, options) {
    const method = this.#methods.get(type);
    if (method === undefined || !this.isOpen) return Promise.reject(this.#refusal(type));
    if (options === undefined)
      return this.#send(type, method, payload, this.#timeouts[method], false);
    try {
      return this.#sendWith(type, method, payload, sendOptions(options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #sendWith(type, method, payload, options) {
    const { timeout, signal, onProgress = null } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const usual = this.#timeouts[method];
    const tell = timeout !== undefined && timeout !== usual;
    return this.#send(type, method, payload, timeout ?? usual, tell, signal, onProgress);
  }

  #send(type, method, payload, timeout, tell, signal, onProgress = null) {
    if (this.#calls.isFull || this.#channel.queuedBytes > SPILL_BYTES)
      return Promise.reject(new OverloadedError('too many calls wait for the worker'));
    const promise = new Promise(capture);
    const call = new Call(type, timeout);
    call.onProgress = onProgress;
    this.#calls.take(call);
    const { slot, generation } = call;
    try {
      this.#channel.send(TYPE.REQUEST, 0, method, slot, generation, timeout, tell, payload);
      this.sent++;
    } catch (error) {
      this.#calls.finish(slot, generation);
      this.failed++;
      call.reject(error);
      return promise;
    }
    if (signal !== undefined) this.#watch(call, signal);
    return promise;
  }

  /** A getter of the payload may have aborted it, or ended the channel. */
  #watch(call, signal) {
    if (this.#calls.get(call.slot) !== call) return;
    if (signal.aborted) this.#abort(call, signal.reason);
    else this.#aborts.join(signal, call);
  }

  #abort(call, reason) {
    this.#calls.finish(call.slot, call.generation);
    this.#channel.cancel(call.slot, call.generation);
    this.failed++;
    call.onProgress = null;
    call.reject(reason);
    this.#checkIdle();
  }

  /** One way; false when the peer is behind: accepted, but wait for the drain. */
  post(type, payload) {
    const method = this.#methods.get(type);
    if (method === undefined || !this.isOpen) throw this.#refusal(type);
    return this.#outbox.post(method, payload);
  }

  /** As post(). */
  emit(name, data) {
    if (!this.isOpen) throw this.#refusal();
    return this.#outbox.emit(name, data);
  }

  /** @param {number} timeout milliseconds @returns {Promise<number>} milliseconds */
  ping(timeout) {
    if (!this.isOpen) return Promise.reject(this.#refusal());
    const promise = new Promise(capture);
    const call = new Call('ping', timeout);
    this.#calls.take(call);
    call.started = performance.now();
    try {
      this.#channel.ping(call.slot, call.generation, timeout);
    } catch (error) {
      this.#calls.finish(call.slot, call.generation);
      call.reject(new OverloadedError('too many pings', { cause: error }));
    }
    return promise;
  }

  /** An answer may come behind the abort of its call, in one batch: the generation tells. */
  onAnswer(kind, slot, at) {
    const call = this.#calls.finish(slot, this.#channel.generation(at));
    if (call === undefined) return;
    if (call.group !== null) this.#aborts.leave(call);
    if (kind === EVENT.RESPONSE) this.#resolve(call, at);
    else if (kind === EVENT.PONG) call.resolve(performance.now() - call.started);
    else this.#reject(call, this.#errorOf(kind, call, at));
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

  #resolve(call, at) {
    let value;
    try {
      value = this.#channel.payload(at);
    } catch (error) {
      this.#reject(call, error);
      return;
    }
    call.resolve(value);
  }

  #reject(call, error) {
    this.failed++;
    rejectWithCallerStack(call.resolve, call.reject, error);
  }

  #errorOf(kind, { type, timeout }, at) {
    if (kind === EVENT.ERROR) return this.#channel.readPayload(at, decodeError);
    const phase = this.#channel.value(at) === 1 ? 'queue' : 'run';
    const text = `Request timeout after ${timeout}ms: ${type}`;
    return new TimeoutError(text, { phase, timeout });
  }

  /** Reject all that is open. @param {(type: string) => Error} errorOf */
  rejectAll(errorOf) {
    for (const call of this.#calls.finishAll()) {
      if (call.group !== null) this.#aborts.leave(call);
      this.#reject(call, errorOf(call.type));
    }
  }

  /** Call it once no call is open: at once, or behind the last answer. */
  whenIdle(callback) {
    this.#onceIdle = callback;
    this.#checkIdle();
  }

  #checkIdle() {
    if (this.#calls.size > 0 || this.#onceIdle === null) return;
    const callback = this.#onceIdle;
    this.#onceIdle = null;
    callback();
  }
}

module.exports = { Caller };
