'use strict';

const { AsyncResource } = require('node:async_hooks');
const { createCodec, nameOf } = require('./codec');
const { encodeError } = require('./error-frames');
const { HandshakeError, UnknownTypeError, UnsupportedError } = require('./errors');
const { FLAG, TYPE } = require('./frames');
const { report } = require('./report');

const STRUCTURED = 1;

/** What a handler may know of its call. */
class HandlerContext {
  #received = Date.now();
  #timeout;

  constructor(type, tx, timeout) {
    this.type = type;
    this.tx = tx;
    this.#timeout = timeout;
  }

  /** Epoch milliseconds at which the caller gives up, or undefined. */
  get deadline() {
    return this.#timeout > 0 ? this.#received + this.#timeout : undefined;
  }
}

/** Runs handlers for the host, one async context each. */
class Server {
  #channel;
  #init;
  #handlers = [];
  #names = [];
  #options;
  #running = 0;
  #waiting = []; // answers not encoded: the host is behind
  #stopping = null; // { resolve } while stop() waits for what runs
  isRunning = true;

  constructor(channel, init, handlers, options) {
    this.#channel = channel;
    this.#init = init;
    this.#options = options;
    for (const [name, handler] of Object.entries(handlers)) {
      if (typeof handler !== 'function')
        throw new TypeError(`handler '${name}' must be a function`);
      this.#names.push(name);
      this.#handlers.push(handler);
    }
    channel.codec = this.#agreeOnCodec(options.serializer);
  }

  #agreeOnCodec(own) {
    const { serializer, builtIn } = this.#init;
    if (own === undefined && builtIn) return createCodec(serializer);
    const name = own === undefined ? 'structured' : typeof own === 'string' ? own : nameOf(own);
    if (name === serializer && (typeof own === 'string') === builtIn) return createCodec(own);
    throw new HandshakeError(`Serializer mismatch: host uses ${serializer}, worker uses ${name}`);
  }

  async announce() {
    await this.#options.onStart?.();
    const encoded = createCodec('structured').encoder;
    const end = encoded.encode(Buffer.alloc(0), 0, 0, this.#names);
    const names = Buffer.from(encoded.bytes.subarray(encoded.start, end));
    this.#channel.sendBytes(TYPE.METHODS, STRUCTURED, 0, 0, names);
    this.#channel.sendBytes(TYPE.READY, 0, 0, 0, Buffer.alloc(0));
    this.#channel.flush();
  }

  onRequest(at) {
    const channel = this.#channel;
    const method = channel.method(at);
    const oneWay = (channel.flags(at) & FLAG.ONEWAY) !== 0;
    const call = { slot: channel.slot(at), generation: channel.generation(at), oneWay };
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
    const context = new HandlerContext(
      this.#names[method],
      this.#tx(call),
      this.#timeout(at, method),
    );
    this.#run(call, this.#handlers[method], payload, context);
  }

  #tx({ slot, generation }) {
    return `${this.#init.session}-${generation}-${slot}`;
  }

  #timeout(at, method) {
    const told = this.#channel.value(at);
    if (told > 0) return told;
    const { message, types } = this.#init.timeouts;
    const name = this.#names[method];
    return Object.hasOwn(types, name) ? types[name] : message;
  }

  #run(call, handler, payload, context) {
    let result;
    try {
      const resource = new AsyncResource('HAWSER_CALL', { requireManualDestroy: true });
      result = resource.runInAsyncScope(handler, undefined, payload, context);
    } catch (error) {
      this.#fail(call, error);
      return;
    }
    if (result !== null && typeof result === 'object' && typeof result.then === 'function') {
      Promise.resolve(result).then(
        (value) => this.#answer(call, value),
        (error) => this.#fail(call, error),
      );
    } else {
      this.#answer(call, result);
    }
  }

  #answer(call, value) {
    if (call.oneWay) return this.#settle(call);
    if (
      value !== null &&
      typeof value === 'object' &&
      typeof value[Symbol.asyncIterator] === 'function'
    ) {
      return this.#fail(call, new UnsupportedError('send() to a handler that streams'));
    }
    if (this.#channel.queuedBytes > this.#channel.highWaterBytes) return this.#wait(call, value);
    return this.#encodeAnswer(call, value);
  }

  #wait(call, value) {
    if (this.#waiting.length === 0) this.#channel.wantDrain();
    this.#waiting.push({ call, value });
  }

  /** The host has caught up: answers go on. */
  onDrain() {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { call, value } of waiting) this.#answer(call, value);
  }

  #encodeAnswer(call, value) {
    try {
      this.#channel.send(TYPE.RESPONSE, 0, 0, call.slot, call.generation, 0, false, value);
    } catch (error) {
      this.#fail(call, error);
      return;
    }
    this.#settle(call);
  }

  #fail(call, error) {
    if (call.oneWay) report('a handler of a posted message failed', error);
    else
      this.#channel.sendBytes(
        TYPE.ERROR,
        STRUCTURED,
        call.slot,
        call.generation,
        encodeError(error),
      );
    this.#settle(call);
  }

  #settle({ oneWay }) {
    if (oneWay && !this.#channel.isClosed) this.#channel.settleOneWay();
    this.#running--;
    if (this.#running === 0) this.#stopping?.resolve();
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

module.exports = { Server };
