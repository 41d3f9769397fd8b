'use strict';

const { NO_DETAILS } = require('./call-details');
const { overloadedError, poisonError, timeoutError } = require('./call-errors');
const { HARD_CAP } = require('./channel');
const { nameBlock } = require('./event-names');
const { PayloadKeeper } = require('./kept-payload');
const { overCap } = require('./outbox');
const { Kept, WaitingLine, doom } = require('./waiting-line');

/**
 * Calls and posts that outlive the worker which they were sent to, or that there was when they were
 * made. Their messages are kept as they were after the middleware, with tx and metadata.
 */
class LastingCalls {
  #caller;
  #outbox;
  #log;
  #highWaterMark;
  #makeKeeper;
  /** @type {PayloadKeeper | null} made at its first use */
  #keeper = null;
  #line = new WaitingLine({
    send: (item) => this.#send(item),
    expire: (call) => this.#expire(call),
  });
  /** @type {any[]} { call, tries, isPoison }: they are rejected when it is known how their worker ended */
  #doomed = [];
  /** Whether there is no worker, but will be. */
  isWaiting = false;

  /** @param {any} options of the worker, normalized @param {any} log */
  constructor({ serializer, maxMessageBytes, highWaterMark }, log) {
    this.#makeKeeper = () => new PayloadKeeper(serializer, maxMessageBytes);
    this.#highWaterMark = highWaterMark;
    this.#log = log;
  }

  /** @param {import('./caller').Caller} caller whose they are @param {import('./outbox').Outbox} outbox its */
  serve(caller, outbox) {
    this.#caller = caller;
    this.#outbox = outbox;
  }

  /** Calls that wait, or are about to be rejected. */
  get size() {
    return this.#line.callCount + this.#doomed.length;
  }

  get queued() {
    return this.#line.size;
  }

  get isFull() {
    return this.#line.isFull;
  }

  /**
   * Send a call whose payload outlives the worker that it is sent to, or let it wait for one.
   * @param {number} left milliseconds until its caller gives up, 0: never
   * @param {number} attempts how often it may be tried again
   */
  keep(call, payload, details, left, attempts) {
    const line = this.#line;
    if (line.isKeepingTooMuch) throw overloadedError();
    const encoded = this.#encode(payload);
    if (call.isSettled) return; // by a getter
    const deadline = left > 0 ? performance.now() + left : Infinity;
    const kept = new Kept(encoded, details, attempts, deadline);
    line.keep(call, kept);
    const item = { type: call.type, kept, call, isEvent: false };
    if (this.isWaiting) line.add(item);
    else this.#send(item);
  }

  #encode(payload) {
    const wasTaking = this.#caller.isTaking;
    this.#keeper ??= this.#makeKeeper();
    const encoded = this.#keeper.keep(payload);
    if (wasTaking) this.#caller.checkTaking(); // a getter of the payload may have ended it
    return encoded;
  }

  /** As Worker.post. */
  post(type, payload, details) {
    return this.#queue(type, payload, details, false);
  }

  /** As Worker.notify. */
  emit(name, data) {
    nameBlock(name); // now is the time to refuse it
    return this.#queue(name, data, NO_DETAILS, true);
  }

  #queue(type, payload, details, isEvent) {
    const line = this.#line;
    const mark = this.#highWaterMark;
    if (this.#outbox.needsDrain && line.isOver(mark, HARD_CAP)) throw overCap();
    const kept = new Kept(this.#encode(payload), details, 0, Infinity);
    line.add({ type, kept, call: null, isEvent });
    if (!line.isOver(mark, 1)) return true;
    this.#outbox.needsDrain = true;
    return false;
  }

  /** To the worker that there is now. */
  #send({ type, kept, call, isEvent }) {
    try {
      if (isEvent) this.#outbox.emitKept(type, kept);
      else if (call === null) this.#caller.transmitPost(type, kept);
      else this.#sendCall(call);
    } catch (error) {
      if (call === null) this.#log.error(`a message '${type}' that waited is lost`, error);
      else if (call.kept !== null) this.#reject(call, error);
    }
  }

  #sendCall(call) {
    const { kept } = call;
    const left = Math.ceil(kept.deadline - performance.now());
    if (left <= 0) return void this.#expire(call);
    kept.wasSent = true;
    this.#caller.transmitKept(call, left === Infinity ? 0 : left);
    if (kept.attempts === 0 && call.kept !== null) this.#line.forget(call);
  }

  #expire(call) {
    this.#reject(call, timeoutError(call, call.kept.wasSent ? 'run' : 'queue'));
  }

  #reject(call, error) {
    this.#line.forget(call);
    call.fail(error);
  }

  /** It has settled. */
  forget(call) {
    this.#line.forget(call);
  }

  /** It is settled by who asked: it is not to be sent any more. */
  withdraw(call) {
    this.#line.withdraw(call);
  }

  /**
   * Their worker has died: calls that have a try left wait for the next one, the others are told
   * once the exit is known.
   * @param {any[]} calls
   * @param {string} session that of the worker: a call keeps its name (P4.19)
   * @param {boolean} isOurDoing none of them has killed it
   */
  lose(calls, session, isOurDoing) {
    const again = [];
    for (const call of calls) {
      const { kept } = call;
      if (kept === null || kept.tries++ >= kept.attempts) {
        this.#doomed.push(doom(call, !isOurDoing && this.#line.isOnlySuspect(call)));
        continue;
      }
      kept.nameOnce(`${session}-${call.generation}-${call.slot}`);
      again.push(call);
    }
    this.#line.addSuspects(again);
    for (const { call } of this.#doomed) if (call.kept !== null) this.#line.forget(call);
  }

  /** It is known how their worker ended. @param {(type: string, tries?: object) => Error} errorOf */
  rejectDoomed(errorOf) {
    const doomed = this.#doomed;
    this.#doomed = [];
    for (const { call, tries, isPoison } of doomed) {
      const error = errorOf(call.type, tries);
      call.fail(isPoison ? poisonError(call.type, tries.attempt, error) : error);
    }
  }

  /** There is a worker: what waits goes to it. */
  open() {
    this.#line.open();
  }

  /** Whoever waits for a turn goes now. */
  hurry() {
    this.#line.hurry();
  }

  /** Nobody will come: @returns {any[]} the calls that wait, oldest first */
  takeAll() {
    return this.#line.clear();
  }

  /** @param {boolean} ref whether its timers keep the loop alive */
  setRef(ref) {
    this.#line.setRef(ref);
  }
}

module.exports = { LastingCalls };
