'use strict';

const { AsyncResource } = require('node:async_hooks');
const { UnknownTypeError, UnsupportedError } = require('./errors');
const { DRAIN, FLAG, NEVER, TYPE } = require('./frames');
const { HandlerContext } = require('./handler-context');
const { wrapper } = require('./handler-hooks');
const { isIterable } = require('./is-iterable');
const { isThenable } = require('./middleware');
const { STRUCTURED, encodeStart } = require('./start-frames');

const NOTHING = Buffer.alloc(0);

/** A request that has not settled. */
class ServedCall {
  isCancelled = false;
  /** @type {HandlerContext | null} */
  context = null;
  /** @type {{ tx?: string, metadata?: Record<string, string> } | null} */
  details = null;

  /** @param {Server} server @param {number} slot @param {number} generation @param {boolean} oneWay */
  constructor(server, slot, generation, oneWay) {
    this.server = server;
    this.slot = slot;
    this.generation = generation;
    this.oneWay = oneWay;
  }
}

/** Runs handlers for the other end, one async context each. */
class Server {
  #channel;
  #handlers = [];
  #names = [];
  #timeouts; // by method, milliseconds
  #options;
  #log;
  /** Event to the other end: (name, data) => boolean. */
  emit;
  #wrap;
  /** @type {Function[]} by method, as they were given */
  #plain = [];
  /** @type {any} ServedStreams, once there was one */
  #streams = null;
  #running = 0;
  #bySlot = []; // calls that want an answer
  #oneWay = new Set(); // calls that want none, whose handlers have not settled yet
  #waiting = []; // answers not encoded: the caller is behind
  /** @type {{ resolve: (value?: any) => void } | null} */
  #stopping = null; // { resolve } while stop() waits for what runs
  #isAlone = false; // the caller is gone
  #isCut = false; // what runs has had its time
  /** Of the other end: part of the names of its calls (P4.19). */
  session;
  #isRunning = true;
  isReady = false;

  /**
   * @param {any} channel greeted
   * @param {Record<string, Function>} handlers
   * @param {object} owner
   * @param {{ message: number, types: Record<string, number> }} owner.timeouts of the caller
   * @param {import('./middleware').Middleware} owner.middleware
   * @param {{ error: (what: string, detail?: unknown) => void }} owner.log
   * @param {(name: string, data: unknown) => boolean} owner.emit
   * @param {any} [owner.options] of startWorkerServer
   */
  constructor(channel, handlers, { timeouts, middleware, log, emit, options = {} }) {
    this.#channel = channel;
    this.#options = options;
    this.#log = log;
    this.emit = emit;
    this.session = channel.peerUuid;
    this.#wrap = wrapper(middleware, options.maxConcurrency);
    for (const [name, handler] of Object.entries(handlers)) {
      this.#names.push(name);
      this.#plain.push(handler);
      this.#handlers.push(this.#wrap(handler));
    }
    this.#timeouts = timeoutsOf(this.#names, timeouts);
  }

  /** METHODS, then READY (P3.10). */
  async announce() {
    await this.#options.onStart?.();
    this.#channel.sendBytes(TYPE.METHODS, STRUCTURED, 0, 0, encodeStart(this.#names));
    this.#channel.sendBytes(TYPE.READY, 0, 0, 0, NOTHING);
    this.isReady = true;
    this.#channel.flush();
  }

  /** An unknown method (P4.10) or a payload that cannot be read (P9.3) ends its own call only. */
  onRequest(at) {
    const channel = this.#channel;
    const method = channel.method(at);
    const oneWay = (channel.flags(at) & FLAG.ONEWAY) !== 0;
    const call = new ServedCall(this, channel.slot(at), channel.generation(at), oneWay);
    const hasStreams = this.#streams !== null && !oneWay;
    const link = hasStreams ? this.#streams.take(call.slot, call.generation) : null;
    this.#running++;
    let payload;
    try {
      if (method >= this.#handlers.length)
        throw new UnknownTypeError(`Unknown message type: ${method}`);
      payload = channel.hasDetails(at) ? readDetailed(channel, at, call) : channel.payload(at);
    } catch (error) {
      link?.refuse();
      this.#fail(call, error);
      return;
    }
    const timeout = oneWay ? NEVER : channel.value(at) || this.#timeouts[method] || NEVER;
    call.context = new HandlerContext(this.#names[method], call, channel.batchTime, timeout);
    if (!oneWay) this.#bySlot[call.slot] = call;
    if (link === null) this.#run(call, this.#handlers[method], payload);
    else this.#run(call, link.around(this.#plain[method], this.#wrap), link.payload ?? payload);
  }

  /** The caller has opened a stream of a request that follows. @param {any} end a StreamEnd */
  onStream(end) {
    if (this.#streams === null) {
      const { ServedStreams } = require('./served-streams');
      this.#streams = new ServedStreams();
    }
    this.#streams.add(end);
  }

  #run(call, handler, payload) {
    let result;
    let later;
    try {
      const resource = new AsyncResource('HAWSER_CALL');
      result = resource.runInAsyncScope(handler, undefined, payload, call.context);
      later = isThenable(result);
    } catch (error) {
      this.#fail(call, error);
      return;
    }
    if (!later) {
      this.#answer(call, result);
      return;
    }
    if (call.oneWay) this.#oneWay.add(call);
    Promise.resolve(result).then(
      (value) => this.#answer(call, value),
      (error) => this.#fail(call, error),
    );
  }

  // ---------------------------------------------------------------- answering

  #answer(call, value) {
    if (call.oneWay) this.#finishOneWay(call, value);
    else if (this.#channel.laneBytes > this.#channel.highWaterBytes) this.#wait(call, value);
    else this.#answerNow(call, value);
  }

  #finishOneWay(call, value) {
    if (isIterable(value)) this.#fail(call, refuseStream(value, 'post'));
    else this.#settle(call);
  }

  #wait(call, value) {
    if (this.#waiting.length === 0) this.#channel.wantDrain(DRAIN.LANE);
    this.#waiting.push({ call, value });
  }

  /** The caller has caught up: answers go on. */
  onDrain(what) {
    if ((what & DRAIN.LANE) === 0) return;
    for (const { call, value } of this.#waiting.splice(0)) this.#answer(call, value);
  }

  /**
   * All of them, however far the caller is behind: an event must not overtake answers that came
   * before it, and at the end of the process what handlers have returned is not to be lost.
   */
  releaseAnswers() {
    if (this.#waiting.length === 0 || this.#channel.isClosed) return;
    for (const { call, value } of this.#waiting.splice(0)) this.#answerNow(call, value);
  }

  #answerNow(call, value) {
    if (call.isCancelled) {
      this.#acknowledge(call);
      return;
    }
    try {
      if (isIterable(value)) throw refuseStream(value, 'send');
      this.#channel.send(TYPE.RESPONSE, 0, 0, call.slot, call.generation, 0, false, value);
    } catch (error) {
      this.#fail(call, error);
      return;
    }
    this.#settle(call);
  }

  /** Nobody waits for the answer, but it ends the call (P4.3). */
  #acknowledge(call) {
    this.#channel.sendBytes(TYPE.RESPONSE, 0, call.slot, call.generation, NOTHING);
    this.#settle(call);
  }

  #fail(call, error) {
    const { slot, generation } = call;
    if (call.isCancelled) {
      this.#acknowledge(call);
      return;
    }
    if (call.oneWay) this.#log.error('a handler of a posted message failed', error);
    else {
      const encoded = require('./error-frames').encodeError(error);
      this.#channel.sendBytes(TYPE.ERROR, STRUCTURED, slot, generation, encoded);
    }
    this.#settle(call);
  }

  #settle(call) {
    if (call.oneWay) this.#settleOneWay(call);
    else if (this.#bySlot[call.slot] === call) this.#bySlot[call.slot] = undefined;
    this.#running--;
    if (this.#running === 0) this.#stopping?.resolve();
  }

  #settleOneWay(call) {
    this.#oneWay.delete(call);
    if (!this.#channel.isClosed) this.#channel.settleOneWay();
  }

  // ---------------------------------------------------------------- calls that nobody waits for

  /** The caller has given up a call, which goes on until its handler settles (P4.14). */
  onCancel(at) {
    const call = this.#bySlot[this.#channel.slot(at)];
    if (call === undefined || call.generation !== this.#channel.generation(at)) return;
    call.isCancelled = true;
    if (call.context !== null) HandlerContext.abort(call.context);
  }

  /** Whether nobody waits for what the handler does. @param {ServedCall} call */
  isGivenUp(call) {
    return call.isCancelled || this.#isAlone || this.#isCut;
  }

  /** The caller is gone: nobody waits for anything. */
  abandonAll() {
    this.#isAlone = true;
    this.#abortAll();
  }

  #abortAll() {
    for (const { context } of [...this.#oneWay, ...this.#bySlot.filter(Boolean)])
      if (context !== null) HandlerContext.abort(context);
  }

  // ---------------------------------------------------------------- what a handler may do

  /** Dropped when nobody waits for the call any more, and past the hard cap. */
  progress(call, value) {
    const isOpen = !call.oneWay && !call.isCancelled && this.#bySlot[call.slot] === call;
    if (!isOpen || this.#channel.isClosed || this.#channel.isOverCap) return;
    this.#channel.send(TYPE.PROGRESS, 0, 0, call.slot, call.generation, 0, false, value);
  }

  // ---------------------------------------------------------------- ending

  /** stop() does not wait for what runs any longer, and what runs is told so. */
  cut() {
    this.#isCut = true;
    this.#abortAll();
    this.#stopping?.resolve();
  }

  /** Finish what runs, then onShutdown. */
  async stop(reason = 'stop') {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    if (this.#running > 0) await new Promise((resolve) => (this.#stopping = { resolve }));
    await this.#options.onShutdown?.(reason);
    this.#channel.flush();
  }
}

/** @returns {number[]} milliseconds, in the order of the names */
function timeoutsOf(names, { types, message }) {
  return names.map((name) => (Object.hasOwn(types, name) ? types[name] : message));
}

/** A request with a tx or metadata of its own. */
function readDetailed(channel, at, call) {
  const { block, value } = channel.detailed(at);
  call.details = require('./call-details').decodeDetails(block);
  return value;
}

/** @returns {Error} that of whoever wanted one value, or none */
function refuseStream(iterable, verb) {
  require('./item-pump').discard(iterable);
  return new UnsupportedError(`${verb}() to a handler that streams`);
}

module.exports = { Server, ServedCall, timeoutsOf };
