'use strict';

const { EventEmitter } = require('node:events');
const { Call, Ping, capture } = require('./call');
const callErrors = require('./call-errors');
const { CallTable } = require('./call-table');
const { rejectWithCallerStack } = require('./caller-stack');
const { ZERO, addCounters } = require('./channel-counters');
const { HARD_CAP } = require('./channel');
const { decodeError } = require('./error-frames');
const errors = require('./errors');
const { EVENT, FLAG, TYPE } = require('./frames');
const { Incarnation } = require('./incarnation');
const { PayloadKeeper } = require('./kept-payload');
const { methodTable } = require('./method-table');
const { sendTimeout, shutdownTimeout } = require('./options');
const { report, tell, tellError } = require('./report');
const { Restarts } = require('./restarts');
const { encodeInit } = require('./start-frames');
const { checkTransition, isEnd } = require('./states');
const { Kept, WaitingLine, doom } = require('./waiting-line');

const SPILL_BYTES = 64 * 1024 * 1024;

const { closedError, hopelessError, overloadedError, poisonError } = callErrors;
const { restartingError, timeoutError, unknownTypeError } = callErrors;

/** A worker, from the host's side, whatever process it lives in. Made by createWorker. */
class Worker extends EventEmitter {
  #options;
  /** @type {any} the Incarnation that is, or was the last */
  #life;
  /** @type {any} of #life, here for the hot path */
  #channel;
  #calls = new CallTable();
  #methods = new Map(); // type to number
  #timeouts = []; // by method, milliseconds
  /** @type {number[] | null} by method: how often it is tried again; null: no worker is replaced */
  #retries = null;
  #state = 'starting';
  /** @type {any} { resolve, reject } of start() */
  #started = null;
  #needDrain = false;
  #isDead = false; // not asked to
  /** @type {Promise<void> | null} */
  #shutdown = null; // of shutdown or terminate
  #goawayWaits = false; // for the calls that are open
  #sent = 0;
  #failed = 0;
  /** @type {(() => void) | null} */
  #forgetSignal = null;
  #init; // payload of INIT, the same for each process; null once there will be no other
  #line = new WaitingLine({
    send: (item) => this.#sendWaiting(item),
    expire: (call) => this.#expire(call),
  });
  /** @type {PayloadKeeper | null} made at its first use */
  #keeper = null;
  #restarts = new Restarts();
  #backoff; // timer of the next process
  /** @type {any[]} { call, tries, isPoison }: they are rejected when it is known how their worker ended */
  #doomed = [];
  /** @type {any} the error of the last start */
  #hopeless = null;
  #isRef = true;
  #past = ZERO; // of the processes before this one

  constructor(options) {
    super();
    this.#options = options;
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
    this.#init = encodeInit(this.#options);
    this.#options.workerData = undefined; // it is the user's, and may be large
    this.#launch();
    if (signal) this.#heed(signal);
    return new Promise((resolve, reject) => (this.#started = { resolve, reject }));
  }

  #launch() {
    const life = new Incarnation(this.#options, this.#init, {
      onReady: (names) => this.#onReady(names),
      onAnswer: (kind, slot, at) => this.#onAnswer(kind, slot, at),
      onDrain: () => this.#onDrain(),
      onDeath: () => this.#onDeath(),
      onExit: (exit, startError) => this.#onExit(exit, startError),
      wantsTail: () => this.#shutdown === null,
    });
    life.launch();
    if (this.#options.crash === null) this.#init = null;
    if (this.#channel) this.#past = addCounters(this.#past, this.#channel);
    this.#life = life;
    this.#channel = life.channel;
    if (!this.#isRef) this.#setRef(false);
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
    if (this.#state === 'closing') return;
    const { methods, timeouts, retries } = methodTable(names, this.#options);
    this.#methods = methods;
    this.#timeouts = timeouts;
    this.#retries = retries;
    if (this.#state === 'restarting') return void this.#resume();
    this.#setState('ready');
    this.#started.resolve(this);
    // When whoever waits for createWorker has the worker.
    setImmediate(() => {
      if (this.#state === 'ready') tell(this, 'ready');
    });
  }

  // ---------------------------------------------------------------- calls

  /**
   * Ask the worker. Rejects with the handler's error, TimeoutError, SerializationError,
   * OverloadedError, WorkerCrashedError or WorkerClosedError.
   */
  send(type, payload, options) {
    const method = this.#methods.get(type);
    if (method === undefined || this.#state !== 'ready')
      return this.#sendLater(type, payload, options);
    let timeout = this.#timeouts[method];
    let tellTimeout = false;
    if (options !== undefined) {
      let given;
      try {
        given = sendTimeout(options);
      } catch (error) {
        return Promise.reject(error);
      }
      tellTimeout = given !== undefined && given !== timeout;
      timeout = given ?? timeout;
    }
    if (this.#calls.isFull || this.#channel.queuedBytes > SPILL_BYTES) {
      return Promise.reject(overloadedError());
    }
    if (this.#retries !== null && this.#retries[method] > 0)
      return this.#sendKept(type, payload, timeout, this.#retries[method]);
    const promise = new Promise(capture);
    const call = new Call(type, timeout);
    this.#calls.take(call);
    const { slot, generation } = call;
    try {
      this.#channel.send(TYPE.REQUEST, 0, method, slot, generation, timeout, tellTimeout, payload);
      this.#sent++;
    } catch (error) {
      if (this.#calls.finish(slot) !== undefined) call.reject(error);
      else this.#sent++; // its worker died meanwhile
    }
    return promise;
  }

  /** There is no worker, or it does not know the type. */
  #sendLater(type, payload, options) {
    const method = this.#methods.get(type);
    if (method === undefined || this.#state !== 'restarting')
      return Promise.reject(this.#refusal(type));
    if (this.#line.isFull) return Promise.reject(overloadedError());
    let timeout = this.#timeouts[method];
    try {
      if (options !== undefined) timeout = sendTimeout(options) ?? timeout;
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#sendKept(type, payload, timeout, this.#retries?.[method] ?? 0);
  }

  /** Its payload outlives the worker that it is sent to, or there is none yet. */
  #sendKept(type, payload, timeout, attempts) {
    if (this.#line.isKeepingTooMuch) return Promise.reject(overloadedError());
    const promise = new Promise(capture);
    const call = new Call(type, timeout);
    let encoded;
    try {
      encoded = this.#keep(payload);
    } catch (error) {
      call.reject(error);
      return promise;
    }
    if (this.#state !== 'ready' && this.#state !== 'restarting') {
      call.reject(this.#refusal(type)); // a getter of the payload has ended it
      return promise;
    }
    const deadline = timeout > 0 ? performance.now() + timeout : Infinity;
    this.#line.keep(call, new Kept(encoded, attempts, deadline));
    this.#sent++;
    const item = { type, payload: encoded, call };
    if (this.#state === 'ready') this.#sendWaiting(item);
    else this.#line.add(item);
    return promise;
  }

  #keep(payload) {
    const { serializer, maxMessageBytes } = this.#options;
    this.#keeper ??= new PayloadKeeper(serializer, maxMessageBytes);
    return this.#keeper.keep(payload);
  }

  /** To the worker that there is now. */
  #sendWaiting({ type, payload, call }) {
    const method = this.#methods.get(type);
    try {
      if (method === undefined) throw unknownTypeError(type); // this one does not know it
      if (call === null)
        this.#channel.sendKept(TYPE.REQUEST, FLAG.ONEWAY, method, 0, 0, 0, false, payload);
      else this.#sendCall(method, call);
    } catch (error) {
      if (call === null) report('a message that was posted is lost', error);
      else if (call.kept !== null) this.#rejectKept(call, error);
    }
  }

  #sendCall(method, call) {
    const { kept } = call;
    const left = Math.ceil(kept.deadline - performance.now());
    if (left <= 0) return void this.#expire(call);
    if (this.#calls.isFull) throw overloadedError();
    const ms = left === Infinity ? 0 : left;
    const tellTimeout = ms !== this.#timeouts[method];
    kept.wasSent = true;
    this.#calls.take(call);
    const { slot, generation } = call;
    const { payload } = kept;
    try {
      this.#channel.sendKept(TYPE.REQUEST, 0, method, slot, generation, ms, tellTimeout, payload);
    } catch (error) {
      if (this.#calls.finish(slot) !== undefined) throw error;
    }
    if (kept.attempts === 0 && call.kept !== null) this.#line.forget(call);
  }

  #expire(call) {
    this.#rejectKept(call, timeoutError(call, call.kept.wasSent ? 'run' : 'queue'));
  }

  #rejectKept(call, error) {
    this.#line.forget(call);
    this.#reject(call, error);
  }

  /** One way; false when the worker is behind: accepted, but wait for 'drain'. */
  post(type, payload) {
    const method = this.#methods.get(type);
    if (method === undefined || this.#state !== 'ready') return this.#postLater(type, payload);
    const channel = this.#channel;
    if (this.#needDrain && channel.isOverCap)
      throw new errors.OverloadedError('posts past the hard cap: wait for drain');
    channel.send(TYPE.REQUEST, FLAG.ONEWAY, method, 0, 0, 0, false, payload);
    if (!channel.isOverMark) return true;
    if (!this.#needDrain) channel.wantDrain();
    this.#needDrain = true;
    return false;
  }

  #postLater(type, payload) {
    const waits = () => this.#state === 'restarting' && this.#methods.has(type);
    if (!waits()) throw this.#refusal(type);
    const line = this.#line;
    const mark = this.#options.highWaterMark;
    if (this.#needDrain && line.isOver(mark, HARD_CAP))
      throw new errors.OverloadedError('posts past the hard cap: wait for drain');
    const encoded = this.#keep(payload);
    if (!waits()) throw this.#refusal(type); // a getter of the payload has ended it
    line.add({ type, payload: encoded, call: null });
    const isOver = line.isOver(mark, 1);
    if (isOver) this.#needDrain = true;
    return !isOver;
  }

  /** Round-trip time in milliseconds. */
  ping() {
    if (!this.isConnected) return Promise.reject(this.#refusal());
    const promise = new Promise(capture);
    const call = new Ping('ping', this.#options.timeouts.message);
    this.#calls.take(call);
    try {
      this.#channel.ping(call.slot, call.generation, call.timeout);
    } catch (error) {
      this.#calls.finish(call.slot);
      call.reject(new errors.OverloadedError('too many pings', { cause: error }));
    }
    return promise;
  }

  #refusal(type) {
    if (this.#isDead || this.#state === 'crashed') return this.#crashError(type);
    const isPing = type === undefined;
    if (this.#state === 'restarting' && isPing) return restartingError('ping');
    if (this.#state !== 'ready' && this.#state !== 'restarting')
      return new errors.WorkerClosedError(`Worker is ${this.#state}`);
    return unknownTypeError(type);
  }

  #onAnswer(kind, slot, at) {
    const call = this.#calls.finish(slot);
    if (call === undefined) return;
    if (call.kept !== null) this.#line.forget(call);
    if (kind === EVENT.RESPONSE) this.#resolve(call, at);
    else if (kind === EVENT.PONG) call.resolve(call.age);
    else
      this.#reject(
        call,
        kind === EVENT.ERROR
          ? this.#remoteError(at)
          : timeoutError(call, this.#channel.value(at) === 1 ? 'queue' : 'run'),
      );
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
    call.resolve(value);
  }

  #reject(call, error) {
    if (!call.isPing) this.#failed++;
    rejectWithCallerStack(call.resolve, call.reject, error);
  }

  #remoteError(at) {
    return this.#channel.readPayload(at, decodeError);
  }

  #onDrain() {
    if (!this.#needDrain) return;
    if (this.#channel.isOverMark) return void this.#channel.wantDrain(); // posts of this batch
    this.#needDrain = false;
    tell(this, 'drain');
  }

  // ---------------------------------------------------------------- ending

  /** No answer can come any more; its exit follows. */
  #onDeath() {
    if (this.#shutdown !== null) return;
    if (this.#options.crash !== null) return void this.#loseWorker();
    this.#isDead = true;
    this.#methods.clear(); // later calls are refused for this reason
  }

  #onExit({ code, signal }, startError) {
    this.#rejectDoomed();
    if (this.#state === 'restarting') return void this.#onLoss({ code, signal }, startError);
    const asked = this.#shutdown !== null && !this.#isDead;
    this.#setState(asked ? 'closed' : 'crashed');
    this.#forgetSignal?.();
    for (const call of [...this.#calls.finishAll(), ...this.#line.clear()])
      this.#reject(call, asked ? closedError() : this.#crashError(call.type));
    this.#started.reject(asked ? closedError() : startError);
    const { failure } = this.#life;
    if (failure) tellError(this, failure);
    tell(this, 'exit', code, signal);
  }

  #crashError(type) {
    return this.#hopeless ? hopelessError(this.#hopeless, type) : this.#life.crashError(type);
  }

  // ---------------------------------------------------------------- restarting

  /** Calls that have a try left wait for the next worker; the others are told once the exit is known. */
  #loseWorker() {
    const again = [];
    for (const call of this.#calls.finishAll()) {
      const { kept } = call;
      if (kept !== null && kept.tries++ < kept.attempts) again.push(call);
      else this.#doomed.push(doom(call, this.#line.isOnlySuspect(call)));
    }
    this.#line.addSuspects(again);
    for (const { call } of this.#doomed) if (call.kept !== null) this.#line.forget(call);
    this.#restarts.died(this.#channel.messagesReceived > 0);
    this.#setState('restarting');
  }

  #rejectDoomed() {
    const doomed = this.#doomed;
    this.#doomed = [];
    for (const { call, tries, isPoison } of doomed) {
      const error = this.#life.crashError(call.type, tries);
      this.#reject(call, isPoison ? poisonError(call.type, tries.attempt, error) : error);
    }
  }

  #onLoss({ code, signal }, startError) {
    const { failure } = this.#life;
    if (failure) tellError(this, failure);
    tell(this, 'exit', code, signal);
    if (startError === undefined) this.#restart();
    else this.#onFailedStart(startError);
  }

  #onFailedStart(error) {
    if (this.#state !== 'restarting') return; // ended by a listener
    this.#restarts.failed();
    if (!this.#restarts.isHopeless) return void this.#restart();
    this.#hopeless = error;
    this.#setState('crashed');
    this.#forgetSignal?.();
    for (const call of this.#line.clear()) this.#reject(call, hopelessError(error, call.type));
    tellError(this, error);
  }

  #restart() {
    if (this.#state !== 'restarting') return;
    const { delay } = this.#restarts;
    if (delay === 0) return void this.#respawn();
    this.#backoff = setTimeout(() => this.#respawn(), delay);
    if (!this.#isRef) this.#backoff.unref();
  }

  #respawn() {
    tell(this, 'restart', ++this.#restarts.attempt);
    if (this.#state !== 'restarting') return; // ended by a listener
    try {
      this.#launch();
    } catch (error) {
      this.#onFailedStart(error);
    }
  }

  /** There is a worker again: what waited goes first. */
  #resume() {
    this.#restarts.ready();
    this.#line.open();
    if (this.#channel.isClosed) return; // it broke a rule at once
    this.#setState('ready');
    if (this.#state === 'ready') tell(this, 'ready');
    if (this.#state === 'ready') this.#onDrain();
  }

  // ---------------------------------------------------------------- ending

  /**
   * Finish what runs, run the worker's onShutdown, exit; then SIGTERM, then SIGKILL. Idempotent.
   * @param {{ timeout?: number }} [options] milliseconds until SIGTERM, 0: never; default:
   *   shutdownTimeout
   */
  async shutdown(options) {
    const timeout = shutdownTimeout(options) ?? this.#options.shutdownTimeout;
    if (this.#shutdown === null) {
      this.#shutdown = this.#life.process.exited.then(() => {});
      await this.#close(timeout);
    }
    return this.#shutdown;
  }

  close() {
    return this.shutdown();
  }

  async #close(timeout) {
    const { process } = this.#life;
    if (this.#isDead || this.#state !== 'ready') return this.#endNow();
    const timer = timeout > 0 ? setTimeout(() => process.killInSteps(), timeout) : undefined;
    this.#setState('closing');
    this.#line.hurry();
    this.#sayGoaway();
    await process.exited;
    clearTimeout(timer);
  }

  /** Once no call is open. */
  #sayGoaway() {
    this.#goawayWaits = this.#calls.size > 0;
    if (!this.#goawayWaits && this.#life.process.exit === null) this.#channel.goaway(0);
  }

  /** SIGTERM, and SIGKILL when that does not help; calls reject at once. */
  async terminate() {
    this.#shutdown ??= this.#life.process.exited.then(() => {});
    await this.#endNow();
  }

  async #endNow() {
    const life = this.#life;
    clearTimeout(this.#backoff);
    if (!this.#isDead && !isEnd(this.#state)) this.#setState('closing');
    if (this.#state === 'closing') {
      for (const call of [...this.#calls.finishAll(), ...this.#line.clear()])
        this.#reject(call, closedError());
    }
    if (!life.isOver) return void (await life.process.killInSteps());
    if (this.#state !== 'closing') return;
    this.#forgetSignal?.();
    this.#setState('closed');
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
    tell(this, 'state', state, before);
  }

  ref() {
    return this.#setRef(true);
  }

  unref() {
    return this.#setRef(false);
  }

  #setRef(ref) {
    this.#isRef = ref;
    this.#channel.setRef(ref);
    this.#life.process.setRef(ref);
    this.#line.setRef(ref);
    if (this.#backoff) this.#backoff[ref ? 'ref' : 'unref']();
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
    const waits = this.#state !== 'restarting' && !this.#channel.isClosed;
    const waiting = waits ? this.#channel.queuedRecords : 0;
    return {
      callsSent: this.#sent,
      callsInFlight: this.#calls.size + this.#line.callCount + this.#doomed.length,
      callsFailed: this.#failed,
      queued: waiting + this.#line.size,
      ...addCounters(this.#past, this.#channel),
    };
  }
}

module.exports = { Worker };
