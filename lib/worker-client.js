'use strict';

const { EventEmitter } = require('node:events');
const { Caller } = require('./caller');
const { nameOf } = require('./codec');
const errors = require('./errors');
const { Incarnation } = require('./incarnation');
const { shutdownTimeout } = require('./options');
const { Outbox } = require('./outbox');
const { deliverEvent } = require('./remote-events');
const { report } = require('./report');
const { Server } = require('./server');
const { encodeInit } = require('./start-frames');
const { checkTransition } = require('./states');

/** A worker, from the host's side, whatever process it lives in. Made by createWorker. */
class Worker extends EventEmitter {
  #options;
  /** @type {any} the Incarnation that is, or was the last */
  #life;
  /** @type {any} of #life, here for the hot path */
  #channel;
  /** @type {any} a Caller, likewise */
  #caller;
  /** @type {any} an Outbox, likewise */
  #outbox;
  /** @type {Server | null} where there are handlers */
  #server = null;
  #state = 'starting';
  /** @type {any} { promise, resolve, reject } of start() until it is settled */
  #started = null;
  #isDead = false; // not asked to
  /** @type {Promise<void> | null} */
  #shutdown = null; // of shutdown or terminate
  /** @type {(() => void) | null} */
  #forgetSignal = null;

  /** What the worker emits. */
  events = new EventEmitter();

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
      onRequest: (at) => this.#onRequest(at),
      onCancel: (at) => this.#server?.onCancel(at),
      onAnswer: (kind, slot, at) => this.#caller.onAnswer(kind, slot, at),
      onProgress: (at) => this.#caller.onProgress(at),
      onEmitted: (at) => deliverEvent(this.#channel, at, this.events),
      onDrain: (what) => this.#onDrain(what),
      onDeath: () => this.#onDeath(),
      onExit: (exit, startError) => this.#onExit(exit, startError),
      wantsTail: () => this.#shutdown === null,
    });
    life.launch();
    this.#life = life;
    this.#channel = life.channel;
    this.#makeEnds();
  }

  /** What asks over the channel, and what answers. */
  #makeEnds() {
    if (this.#options.handlers) this.#server = this.#makeServer();
    this.#outbox = new Outbox(this.#channel, {
      onDrained: () => this.emit('drain'),
      beforeEvent: () => this.#server?.releaseAnswers(),
    });
    this.#caller = new Caller(this.#channel, {
      refusal: (type) => this.#refusal(type),
      outbox: this.#outbox,
    });
  }

  #makeServer() {
    const { handlers, serializer, timeouts } = this.#options;
    const isBuiltIn = typeof serializer === 'string';
    const terms = {
      session: this.#life.session,
      serializer: isBuiltIn ? serializer : nameOf(serializer),
      builtIn: isBuiltIn,
      timeouts,
      peer: () => ({ emit: (name, data) => this.notify(name, data) }),
    };
    return new Server(this.#channel, terms, handlers, { serializer });
  }

  /** P4.12 */
  #onRequest(at) {
    if (this.#server) this.#server.onRequest(at);
    else
      this.#life.giveUp(new errors.ProtocolError('a request from the worker', { rule: 'P4.12' }));
  }

  #onDrain(what) {
    this.#server?.onDrain(what);
    this.#outbox.onDrain(what);
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
    this.#caller.setMethods(names, this.#options.timeouts);
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
   * OverloadedError, WorkerCrashedError, WorkerClosedError, or the reason of options.signal.
   */
  send(type, payload, options) {
    return this.#caller.send(type, payload, options);
  }

  /** One way; false when the worker is behind: accepted, but wait for 'drain'. */
  post(type, payload) {
    return this.#caller.post(type, payload);
  }

  /**
   * Event to the worker: parent.events.on(name, listener) there.
   * @param {string} name at most 1024 bytes
   * @returns {boolean} false: accepted, but wait for 'drain'
   */
  notify(name, data) {
    return this.#caller.emit(name, data);
  }

  /** Round-trip time in milliseconds. */
  ping() {
    return this.#caller.ping(this.#options.timeouts.message);
  }

  #refusal(type) {
    if (this.#isDead || this.#state === 'crashed') return this.#life.crashError(type);
    if (this.#state !== 'ready') return new errors.WorkerClosedError(`Worker is ${this.#state}`);
    return new errors.UnknownTypeError(`unknown message type: ${String(type)}`, {
      messageType: type,
    });
  }

  // ---------------------------------------------------------------- ending

  /** No answer can come any more; its exit follows. */
  #onDeath() {
    if (this.#shutdown !== null) return;
    this.#isDead = true;
    this.#caller.clearMethods(); // later calls are refused for this reason
  }

  #onExit({ code, signal }, startError) {
    const asked = this.#shutdown !== null && !this.#isDead;
    this.#setState(asked ? 'closed' : 'crashed');
    this.#forgetSignal?.();
    this.#server?.abandonAll();
    this.#caller.rejectAll((type) => (asked ? closedError() : this.#life.crashError(type)));
    if (startError !== undefined) this.#started.reject(asked ? closedError() : startError);
    const { failure } = this.#life;
    if (failure) this.#emitError(failure);
    this.#tell('exit', code, signal);
  }

  #emitError(error) {
    if (this.listenerCount('error') > 0) this.#tell('error', error);
    else report('a worker was given up', error);
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
    this.#caller.whenIdle(() => {
      if (process.exit === null) this.#channel.goaway(0);
    });
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
    this.#caller.isOpen = state === 'ready';
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
      callsSent: this.#caller.sent,
      callsInFlight: this.#caller.size,
      callsFailed: this.#caller.failed,
      queued: channel.queuedRecords,
      bytesSent: channel.counter('BYTES_SENT'),
      bytesReceived: channel.counter('BYTES_RECEIVED'),
      messagesSent: channel.messagesSent,
      messagesReceived: channel.messagesReceived,
      batchesReceived: channel.counter('BATCHES_RECEIVED'),
      doorbellsRung: channel.counter('DOORBELLS_RUNG'),
      spinHits: channel.counter('SPIN_HITS'),
      spinMisses: channel.counter('SPIN_MISSES'),
      missedWakeups: channel.counter('MISSED_WAKEUPS'),
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
