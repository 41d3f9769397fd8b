'use strict';

const { AsyncResource } = require('node:async_hooks');
const { createCodec, nameOf } = require('./codec');
const { HandshakeError, UnknownTypeError, UnsupportedError } = require('./errors');
const { FLAG, NEVER, TYPE } = require('./frames');
const { HandlerContext } = require('./handler-context');
const { wrapper } = require('./handler-hooks');
const { isThenable } = require('./middleware');
const { STRUCTURED, encodeStart } = require('./start-frames');

/** Runs handlers for the host, one async context each. */
class Server {
  #channel;
  #init;
  #handlers = [];
  #names = [];
  #timeouts; // by method, milliseconds
  #options;
  #log;
  #running = 0;
  #waiting = []; // answers not encoded: the host is behind
  /** @type {{ resolve: (value?: any) => void } | null} */
  #stopping = null; // { resolve } while stop() waits for what runs
  isRunning = true;
  isReady = false;

  constructor(channel, init, handlers, options, log) {
    this.#log = log;
    this.#channel = channel;
    this.#init = init;
    this.#options = options;
    const wrapped = wrapper(options);
    for (const [name, handler] of Object.entries(handlers)) {
      this.#names.push(name);
      this.#handlers.push(wrapped(handler));
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
    const call = {
      session: this.#init.session,
      slot: channel.slot(at),
      generation: channel.generation(at),
      oneWay,
      details: null,
    };
    this.#running++;
    let payload;
    try {
      if (method >= this.#handlers.length)
        throw new UnknownTypeError(`unknown message type: ${method}`);
      payload = channel.hasDetails(at) ? readDetailed(channel, at, call) : channel.payload(at);
    } catch (error) {
      this.#fail(call, error);
      return;
    }
    const timeout = oneWay ? NEVER : channel.value(at) || this.#timeouts[method] || NEVER;
    const context = new HandlerContext(this.#names[method], call, channel.batchTime, timeout);
    this.#run(call, this.#handlers[method], payload, context);
  }

  #run(call, handler, payload, context) {
    let result;
    let later;
    try {
      const resource = new AsyncResource('HAWSER_CALL');
      result = resource.runInAsyncScope(handler, undefined, payload, context);
      later = isThenable(result);
    } catch (error) {
      this.#fail(call, error);
      return;
    }
    if (!later) {
      this.#answer(call, result);
      return;
    }
    Promise.resolve(result).then(
      (value) => this.#answer(call, value),
      (error) => this.#fail(call, error),
    );
  }

  #answer(call, value) {
    if (call.oneWay) this.#settle(call);
    else if (this.#channel.queuedBytes > this.#channel.highWaterBytes) this.#wait(call, value);
    else this.#encodeAnswer(call, value);
  }

  #wait(call, value) {
    if (this.#waiting.length === 0) this.#channel.wantDrain();
    this.#waiting.push({ call, value });
  }

  /** The host has caught up: answers go on. */
  onDrain() {
    for (const { call, value } of this.#waiting.splice(0)) this.#answer(call, value);
  }

  /** The process ends: what handlers have returned is not to be lost for being late. */
  answerAll() {
    if (this.#channel.isClosed) return;
    for (const { call, value } of this.#waiting.splice(0)) this.#encodeAnswer(call, value);
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
    if (call.oneWay) this.#log.error('a handler of a posted message failed', error);
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

  #settle({ oneWay }) {
    if (oneWay && !this.#channel.isClosed) this.#channel.settleOneWay();
    this.#running--;
    if (this.#running === 0) this.#stopping?.resolve();
  }

  /** stop() does not wait for what runs any longer. */
  cut() {
    this.#stopping?.resolve();
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

/** A request with a tx or metadata of its own. */
function readDetailed(channel, at, call) {
  const { block, value } = channel.detailed(at);
  call.details = require('./call-details').decodeDetails(block);
  return value;
}

/** @returns {boolean} throws what a getter throws */
function isStream(value) {
  return (
    value !== null && typeof value === 'object' && typeof value[Symbol.asyncIterator] === 'function'
  );
}

module.exports = { Server };
