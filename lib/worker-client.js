'use strict';

const { EventEmitter } = require('node:events');
const { Call, capture } = require('./call');
const { CallTable } = require('./call-table');
const { decodeError } = require('./error-frames');
const errors = require('./errors');
const { EVENT, FLAG, TYPE } = require('./frames');
const { HookedCalls } = require('./hooked-calls');
const { Incarnation } = require('./incarnation');
const { checkMiddleware, sendTimeout, shutdownTimeout } = require('./options');
const { createLog } = require('./report');
const { encodeInit } = require('./start-frames');
const { checkTransition } = require('./states');
const { sending } = require('./tracing');

const SPILL_BYTES = 64 * 1024 * 1024;

/** A worker, from the host's side, whatever process it lives in. Made by createWorker. */
class Worker extends EventEmitter {
  #options;
  #log;
  /** @type {any} the Incarnation that is, or was the last */
  #life;
  /** @type {any} of #life, here for the hot path */
  #channel;
  #calls = new CallTable();
  #methods = new Map(); // type to number
  #timeouts = []; // by method, milliseconds
  #state = 'starting';
  /** @type {any} { promise, resolve, reject } of start() until it is settled */
  #started = null;
  #needDrain = false;
  #isDead = false; // not asked to
  /** @type {Promise<void> | null} */
  #shutdown = null; // of shutdown or terminate
  #goawayWaits = false; // for the calls that are open
  /** @type {HookedCalls | null} */
  #hooked = null; // once anything stands in the way of a call
  #posts = 0;
  #sent = 0;
  #failed = 0;
  /** @type {(() => void) | null} */
  #forgetSignal = null;

  constructor(options) {
    super();
    this.#options = options;
    this.#log = createLog(options);
    const { middleware, txIdGenerator } = options;
    if (middleware.length > 0 || txIdGenerator !== undefined) this.#hooks().stand(this);
  }

  // ---------------------------------------------------------------- starting

  /**
   * Start the process, once; resolves when the worker is ready. Rejects with WorkerStartError,
   * TimeoutError (startup), HandshakeError, the reason of the signal, or WorkerClosedError.
   * @returns {Promise<this>}
   */
  async start() {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    const init = encodeInit(this.#options);
    this.#options.workerData = undefined; // it is the user's, and may be large
    this.#launch(init);
    this.#started = deferred();
    if (signal) this.#heed(signal);
    return this.#started.promise;
  }

  #launch(init) {
    const life = new Incarnation(this.#options, init, {
      onReady: (names) => this.#onReady(names),
      onAnswer: (kind, slot, at) => this.#onAnswer(kind, slot, at),
      onDrain: () => this.#onDrain(),
      onDeath: () => this.#onDeath(),
      onExit: (exit, startError) => this.#onExit(exit, startError),
      wantsTail: () => this.#shutdown === null,
    });
    life.launch();
    this.#life = life;
    this.#channel = life.channel;
  }

  #heed(signal) {
    const onAbort = () => {
      if (this.#state === 'starting') this.#life.failStart(signal.reason);
      else this.terminate();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    this.#forgetSignal = () => signal.removeEventListener('abort', onAbort);
  }

  #onReady(names) {
    const { message, types } = this.#options.timeouts;
    names.forEach((name, i) => {
      this.#methods.set(name, i);
      this.#timeouts[i] = Object.hasOwn(types, name) ? types[name] : message;
    });
    this.#setState('ready');
    this.#started.resolve(this);
    // When whoever waits for createWorker has the worker.
    setImmediate(() => {
      if (this.#state === 'ready') this.emit('ready');
    });
  }

  // ---------------------------------------------------------------- calls

  /**
   * Ask the worker. Rejects with the handler's error, TimeoutError, SerializationError,
   * OverloadedError, WorkerCrashedError or WorkerClosedError.
   */
  send(type, payload, options) {
    if (sending.isActive || options?.metadata !== undefined)
      return this.#hooks().send(type, payload, options);
    const method = this.#methods.get(type);
    if (method === undefined || this.#state !== 'ready') return Promise.reject(this.#refusal(type));
    let timeout = this.#timeouts[method];
    let tell = false;
    if (options !== undefined) {
      let given;
      try {
        given = sendTimeout(options);
      } catch (error) {
        return Promise.reject(error);
      }
      tell = given !== undefined && given !== timeout;
      timeout = given ?? timeout;
    }
    if (this.#calls.isFull || this.#channel.queuedBytes > SPILL_BYTES) {
      return Promise.reject(new errors.OverloadedError('too many calls wait for the worker'));
    }
    const promise = new Promise(capture);
    const call = new Call(type, timeout);
    this.#calls.take(call);
    try {
      this.#channel.send(
        TYPE.REQUEST,
        0,
        method,
        call.slot,
        call.generation,
        timeout,
        tell,
        payload,
      );
      this.#sent++;
    } catch (error) {
      this.#calls.finish(call.slot);
      this.#failed++;
      call.reject(error);
    }
    return promise;
  }

  /** One way; false when the worker is behind: accepted, but wait for 'drain'. */
  post(type, payload) {
    const method = this.#admitPost(type);
    const number = this.#nextPost();
    this.#channel.send(TYPE.REQUEST, FLAG.ONEWAY, method, number, 0, 0, false, payload);
    return this.#mayGoOn();
  }

  #admitPost(type) {
    const method = this.#methods.get(type);
    if (method === undefined || this.#state !== 'ready') throw this.#refusal(type);
    if (this.#needDrain && this.#channel.isOverCap)
      throw new errors.OverloadedError('posts past the hard cap: wait for drain');
    return method;
  }

  #nextPost() {
    return (this.#posts = (this.#posts + 1) >>> 0);
  }

  /** Whether one may post on without waiting for 'drain'. */
  #mayGoOn() {
    if (!this.#channel.isOverMark) return true;
    this.#wantDrain();
    return false;
  }

  #wantDrain() {
    if (!this.#needDrain) this.#channel.wantDrain();
    this.#needDrain = true;
  }

  /**
   * Add middleware, which sees requests when they are sent and answers when they are received.
   * @param {Function} middleware gets a MiddlewareContext
   * @returns {() => void} removes it
   */
  use(middleware) {
    return this.#hooks().use(this, checkMiddleware(middleware)[0]);
  }

  #hooks() {
    this.#hooked ??= new HookedCalls(
      {
        admit: (type, options) => this.#admit(type, options),
        take: (call) => this.#calls.take(call),
        has: (call) => this.#calls.has(call),
        drop: (call, failed) => this.#drop(call, failed),
        admitPost: (type) => this.#admitPost(type),
        session: () => this.#life.session,
        submit: (call, request, message) => {
          this.#channel.sendRequest(0, call, request, message);
          this.#sent++;
        },
        post: (call, request, message) => {
          this.#channel.sendRequest(FLAG.ONEWAY, call, request, message);
          return this.#mayGoOn();
        },
        nextPost: () => this.#nextPost(),
        wantDrain: () => this.#wantDrain(),
        report: this.#log.error,
        mostPosts: this.#options.highWaterMark.messages,
      },
      this.#options,
    );
    return this.#hooked;
  }

  #admit(type, options) {
    const method = this.#methods.get(type);
    if (method === undefined || this.#state !== 'ready') throw this.#refusal(type);
    const given = options === undefined ? undefined : sendTimeout(options);
    if (this.#calls.isFull || this.#channel.queuedBytes > SPILL_BYTES)
      throw new errors.OverloadedError('too many calls wait for the worker');
    const timeout = given ?? this.#timeouts[method];
    return { method, timeout, tell: timeout !== this.#timeouts[method] };
  }

  #drop(call, failed) {
    this.#calls.finish(call.slot);
    if (failed) this.#failed++;
    if (this.#goawayWaits) this.#sayGoaway();
  }

  /** Round-trip time in milliseconds. */
  ping() {
    if (this.#state !== 'ready') return Promise.reject(this.#refusal());
    const promise = new Promise(capture);
    const call = new Call('ping', this.#options.timeouts.message);
    this.#calls.take(call);
    call.started = performance.now();
    try {
      this.#channel.ping(call.slot, call.generation, call.timeout);
    } catch (error) {
      this.#calls.finish(call.slot);
      call.reject(new errors.OverloadedError('too many pings', { cause: error }));
    }
    return promise;
  }

  #refusal(type) {
    if (this.#isDead || this.#state === 'crashed') return this.#life.crashError(type);
    if (this.#state !== 'ready') return new errors.WorkerClosedError(`Worker is ${this.#state}`);
    return new errors.UnknownTypeError(`unknown message type: ${String(type)}`, {
      messageType: type,
    });
  }

  #onAnswer(kind, slot, at) {
    const call = this.#calls.finish(slot);
    if (call === undefined) return;
    if (kind === EVENT.RESPONSE) this.#resolve(call, at);
    else if (kind === EVENT.PONG) call.resolve(performance.now() - call.started);
    else if (kind === EVENT.TIMEOUT)
      this.#reject(call, call.timeoutError(this.#channel.value(at) === 1));
    else {
      this.#failed++;
      call.failRemotely(this.#channel.readPayload(at, decodeError));
    }
    if (this.#goawayWaits) this.#sayGoaway();
  }

  #resolve(call, at) {
    let value;
    try {
      value = this.#channel.payload(at);
    } catch (error) {
      this.#reject(call, error);
      return;
    }
    call.succeed(value);
  }

  #reject(call, error) {
    this.#failed++;
    call.fail(error);
  }

  #onDrain() {
    if (!this.#needDrain) return;
    if (this.#channel.isOverMark) return void this.#channel.wantDrain(); // posts of this batch
    this.#needDrain = false;
    this.emit('drain');
  }

  // ---------------------------------------------------------------- ending

  /** No answer can come any more; its exit follows. */
  #onDeath() {
    if (this.#shutdown !== null) return;
    this.#isDead = true;
    this.#methods.clear(); // later calls are refused for this reason
  }

  #onExit({ code, signal }, startError) {
    const asked = this.#shutdown !== null && !this.#isDead;
    this.#setState(asked ? 'closed' : 'crashed');
    this.#forgetSignal?.();
    for (const call of this.#calls.finishAll())
      this.#reject(call, asked ? closedError() : this.#life.crashError(call.type));
    if (startError !== undefined) this.#started.reject(asked ? closedError() : startError);
    const { failure } = this.#life;
    if (failure) this.#emitError(failure);
    this.#tell('exit', code, signal);
  }

  #emitError(error) {
    if (this.listenerCount('error') > 0) this.#tell('error', error);
    else this.#log.error('a worker was given up', error);
  }

  /**
   * Finish what runs, run the worker's onShutdown, exit; then SIGTERM, then SIGKILL. Idempotent.
   * @param {{ timeout?: number }} [options] milliseconds until SIGTERM, 0: never; default:
   *   shutdownTimeout
   */
  async shutdown(options) {
    const timeout = shutdownTimeout(options) ?? this.#options.shutdownTimeout;
    if (this.#shutdown === null) {
      this.#shutdown = this.#life.process.exited.then(() => {});
      this.#close(timeout);
    }
    return this.#shutdown;
  }

  close() {
    return this.shutdown();
  }

  #close(timeout) {
    const { process } = this.#life;
    if (process.exit !== null) return;
    if (this.#isDead || this.#state === 'starting') return void this.#endNow();
    if (timeout > 0) {
      const timer = setTimeout(() => process.killInSteps(), timeout);
      process.exited.then(() => clearTimeout(timer));
    }
    this.#setState('closing');
    this.#sayGoaway();
  }

  /** Once no call is open. */
  #sayGoaway() {
    this.#goawayWaits = this.#calls.size > 0;
    if (!this.#goawayWaits && this.#life.process.exit === null) this.#channel.goaway(0);
  }

  /** SIGTERM, and SIGKILL when that does not help. */
  async terminate() {
    this.#shutdown ??= this.#life.process.exited.then(() => {});
    await this.#endNow();
  }

  async #endNow() {
    const { process } = this.#life;
    const isRunning = process.exit === null && !this.#isDead;
    if (isRunning && this.#state !== 'closing') this.#setState('closing');
    await process.killInSteps();
  }

  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    return this.shutdown();
  }

  // ---------------------------------------------------------------- looking

  #setState(state) {
    const before = this.#state;
    if (before === state) return;
    checkTransition(before, state);
    this.#state = state;
    this.#log.debug(`worker ${this.#options.script}: ${before} to ${state}`);
    this.#tell('state', state, before);
  }

  /** Emit where a listener that throws must not keep anybody else from being told. */
  #tell(event, ...args) {
    try {
      this.emit(event, ...args);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  ref() {
    return this.#setRef(true);
  }

  unref() {
    return this.#setRef(false);
  }

  #setRef(ref) {
    this.#channel.setRef(ref);
    this.#life.process.setRef(ref);
    return this;
  }

  get pid() {
    return this.#life?.process.pid;
  }

  get threadId() {
    return undefined;
  }

  get state() {
    return this.#state;
  }

  get isActive() {
    return this.#state === 'ready';
  }

  get isConnected() {
    return !this.#channel.isClosed && this.#state === 'ready';
  }

  get driver() {
    return 'process';
  }

  get transport() {
    return this.#life.transport;
  }

  get stdout() {
    return this.#life.process.stdout;
  }

  get stderr() {
    return this.#life.process.stderr;
  }

  stats() {
    const channel = this.#channel;
    return {
      callsSent: this.#sent,
      callsInFlight: this.#calls.size,
      callsFailed: this.#failed,
      queued: channel.queuedRecords,
      ...channel.stats(),
    };
  }
}

function closedError() {
  return new errors.WorkerClosedError('Worker closed');
}

function deferred() {
  let resolve;
  let reject;
  const promise = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

module.exports = { Worker };
