'use strict';

const { AsyncResource } = require('node:async_hooks');
const { createCodec, nameOf } = require('./codec');
const { HandshakeError, UnknownTypeError, UnsupportedError } = require('./errors');
const { DRAIN, FLAG, NEVER, TYPE } = require('./frames');
const { HandlerContext } = require('./handler-context');
const { STRUCTURED, encodeStart } = require('./start-frames');

/** Posts have no slot: for ctx.tx they count on from here, behind the slots of calls (P4.2). */
const FIRST_POST = 1 << 17;
const NOTHING = Buffer.alloc(0);

/** A request that has not settled. */
class ServedCall {
  isCancelled = false;
  /** @type {HandlerContext | null} */
  context = null;

  constructor(server, slot, generation, oneWay) {
    this.server = server;
    this.slot = slot;
    this.generation = generation;
    this.oneWay = oneWay;
  }

  /** Of the session that the call belongs to. */
  get session() {
    return this.server.session;
  }
}

/** Runs handlers for the host, one async context each. */
class Server {
  #channel;
  #init;
  session;
  #handlers = [];
  #names = [];
  #timeouts; // by method, milliseconds
  #options;
  #running = 0;
  #posts = FIRST_POST;
  #bySlot = []; // calls that want an answer
  #oneWay = new Set(); // calls that want none, whose handlers have not settled yet
  #waiting = []; // answers not encoded: the host is behind
  /** @type {{ resolve: (value?: any) => void } | null} */
  #stopping = null; // { resolve } while stop() waits for what runs
  #isAlone = false; // the caller is gone
  isRunning = true;
  isReady = false;

  constructor(channel, init, handlers, options) {
    this.#channel = channel;
    this.#init = init;
    this.session = init.session;
    this.#options = options;
    for (const [name, handler] of Object.entries(handlers)) {
      this.#names.push(name);
      this.#handlers.push(handler);
    }
    const { message, types } = init.timeouts;
    this.#timeouts = this.#names.map((name) =>
      Object.hasOwn(types, name) ? types[name] : message,
    );
    channel.codec = this.#agreeOnCodec(options.serializer);
  }

  #agreeOnCodec(own) {
    const { serializer, builtIn } = this.#init;
    if (own === undefined && builtIn) return createCodec(serializer);
    const name = own === undefined ? 'structured' : typeof own === 'string' ? own : nameOf(own);
    if (name === serializer && (typeof own === 'string') === builtIn) return createCodec(own);
    throw new HandshakeError(`Serializer mismatch: host uses ${serializer}, worker uses ${name}`);
  }

  /** METHODS, then READY (P3.10). */
  async announce() {
    await this.#options.onStart?.();
    this.#channel.sendBytes(TYPE.METHODS, STRUCTURED, 0, 0, encodeStart(this.#names));
    this.#channel.sendBytes(TYPE.READY, 0, 0, 0, Buffer.alloc(0));
    this.isReady = true;
    this.#channel.flush();
  }

  /** An unknown method (P4.10) or a payload that cannot be read (P9.3) ends its own call only. */
  onRequest(at) {
    const channel = this.#channel;
    const method = channel.method(at);
    const oneWay = (channel.flags(at) & FLAG.ONEWAY) !== 0;
    const slot = oneWay ? this.#posts++ : channel.slot(at);
    const call = new ServedCall(this, slot, channel.generation(at), oneWay);
    this.#running++;
    let payload;
    try {
      if (method >= this.#handlers.length)
        throw new UnknownTypeError(`unknown message type: ${method}`);
      payload = channel.payload(at);
    } catch (error) {
      this.#fail(call, error);
      return;
    }
    const timeout = oneWay ? NEVER : channel.value(at) || this.#timeouts[method] || NEVER;
    call.context = new HandlerContext(this.#names[method], call, channel.batchTime, timeout);
    if (!oneWay) this.#bySlot[call.slot] = call;
    this.#run(call, this.#handlers[method], payload);
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

  #answer(call, value) {
    if (call.oneWay) this.#settle(call);
    else if (call.isCancelled) this.#acknowledge(call);
    else if (this.#channel.laneBytes > this.#channel.highWaterBytes) this.#wait(call, value);
    else this.#encodeAnswer(call, value);
  }

  /** Nobody waits for the answer, but it ends the call (P4.3). */
  #acknowledge(call) {
    this.#channel.sendBytes(TYPE.RESPONSE, 0, call.slot, call.generation, NOTHING);
    this.#settle(call);
  }

  #wait(call, value) {
    if (this.#waiting.length === 0) this.#channel.wantDrain(DRAIN.LANE);
    this.#waiting.push({ call, value });
  }

  /** An event is about to be sent: no answer that came before it may come behind it. */
  releaseAnswers() {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { call, value } of waiting) this.#encodeAnswer(call, value);
  }

  /** The host has caught up: answers go on. */
  onDrain(what) {
    if ((what & DRAIN.LANE) === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { call, value } of waiting) this.#answer(call, value);
  }

  /** The process ends: what handlers have returned is not to be lost for being late. */
  answerAll() {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { call, value } of waiting) this.#encodeAnswer(call, value);
  }

  #encodeAnswer(call, value) {
    try {
      if (isStream(value)) throw new UnsupportedError('send() to a handler that streams');
      this.#channel.send(TYPE.RESPONSE, 0, 0, call.slot, call.generation, 0, false, value);
    } catch (error) {
      this.#fail(call, error);
      return;
    }
    this.#settle(call);
  }

  #fail(call, error) {
    if (call.oneWay) require('./report').report('a handler of a posted message failed', error);
    else if (call.isCancelled) return this.#acknowledge(call);
    else
      this.#channel.sendBytes(
        TYPE.ERROR,
        STRUCTURED,
        call.slot,
        call.generation,
        require('./error-frames').encodeError(error),
      );
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

  /** The caller has given up a call, which goes on until its handler settles (P4.14). */
  onCancel(at) {
    const call = this.#bySlot[this.#channel.slot(at)];
    if (call === undefined || call.generation !== this.#channel.generation(at)) return;
    call.isCancelled = true;
    if (call.context !== null) HandlerContext.abort(call.context);
  }

  /** Dropped when nobody waits for the call any more, and past the hard cap. */
  progress(call, value) {
    const isOpen = !call.oneWay && !call.isCancelled && this.#bySlot[call.slot] === call;
    if (!isOpen || this.#channel.isClosed || this.#channel.isOverCap) return;
    this.#channel.send(TYPE.PROGRESS, 0, 0, call.slot, call.generation, 0, false, value);
  }

  /** As parent.emit. */
  emit(name, data) {
    return this.#init.peer().emit(name, data);
  }

  /** Whether nobody waits for what the handler does. */
  isGivenUp(call) {
    return call.isCancelled || this.#isAlone;
  }

  /** The caller is gone: nobody waits for anything. */
  abandonAll() {
    this.#isAlone = true;
    for (const { context } of [...this.#oneWay, ...this.#bySlot.filter(Boolean)])
      if (context !== null) HandlerContext.abort(context);
  }

  /** Finish what runs, then onShutdown. */
  async stop(reason = 'stop') {
    if (!this.isRunning) return;
    this.isRunning = false;
    if (this.#running > 0) await new Promise((resolve) => (this.#stopping = { resolve }));
    await this.#options.onShutdown?.(reason);
    this.#channel.flush();
  }
}

/** @returns {boolean} throws what a getter throws */
function isThenable(value) {
  return value !== null && typeof value === 'object' && typeof value.then === 'function';
}

/** @returns {boolean} throws what a getter throws */
function isStream(value) {
  return (
    value !== null && typeof value === 'object' && typeof value[Symbol.asyncIterator] === 'function'
  );
}

module.exports = { Server, ServedCall };
