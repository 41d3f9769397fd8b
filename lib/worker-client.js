'use strict';

const { EventEmitter } = require('node:events');
const { closedError, hopelessError, restartingError, unknownTypeError } = require('./call-errors');
const { Caller } = require('./caller');
const { ZERO, addCounters } = require('./channel-counters');
const errors = require('./errors');
const { DRAIN } = require('./frames');
const { HookedCalls } = require('./hooked-calls');
const { Incarnation } = require('./incarnation');
const { isIterable } = require('./is-iterable');
const { LastingCalls } = require('./lasting-calls');
const { methodTable } = require('./method-table');
const { Middleware } = require('./middleware');
const { NO_CHANNEL } = require('./no-channel');
const { checkOneMiddleware, shutdownTimeout } = require('./options');
const { Outbox } = require('./outbox');
const { RemoteEvents } = require('./remote-events');
const { createLog, tell, tellError } = require('./report');
const { Restarts } = require('./restarts');
const { Separation } = require('./separation');
const { Server } = require('./server');
const { encodeInit } = require('./start-frames');
const { checkTransition, isEnd } = require('./states');
const { isOfCall } = require('./stream-names');
const { sending } = require('./tracing');

/** A worker, from the host's side, whatever process it lives in. Made by createWorker. */
class Worker extends EventEmitter {
  #options;
  #log;
  /** @type {any} the Incarnation that is, or was the last */
  #life;
  /** @type {any} of #life */
  #channel = NO_CHANNEL;
  /** @type {Server | null} of #life, where there are handlers */
  #server = null;
  #outbox = new Outbox({
    onDrained: () => tell(this, 'drain'),
    beforeEvent: () => this.#server?.releaseAnswers(),
  });
  #caller;
  #lasting;
  #middleware;
  #hooked;
  /** @type {any} #caller, or #hooked while anything stands in the way */
  #way;
  #events = new EventEmitter();
  #remoteEvents;
  #state = 'starting';
  /** @type {any} { resolve, reject } of start() */
  #started = null;
  #isDead = false; // not asked to
  #isDiscarded = false; // the process that there is, by us, and the next one is to come
  /** @type {Promise<void> | null} */
  #shutdown = null; // of shutdown or terminate
  /** @type {(() => void) | null} */
  #forgetSignal = null;
  #init; // payload of INIT, the same for each process
  #restarts = new Restarts();
  #backoff; // timer of the next process
  /** @type {any} the error of the last start */
  #hopeless = null;
  #isRef = true;
  #past = ZERO; // of the connections before this one
  #separation;

  constructor(options) {
    super();
    this.#options = options;
    this.#log = createLog(options);
    this.#lasting = new LastingCalls(options, this.#log);
    this.#caller = new Caller({
      refusal: (type) => this.#refusal(type),
      outbox: this.#outbox,
      lasting: this.#lasting,
      onOverdue: () => this.#replace(),
    });
    this.#middleware = new Middleware(options.middleware);
    this.#hooked = this.#makeHooks();
    this.#chooseWay();
    this.#separation = this.#makeSeparation();
    this.#remoteEvents = new RemoteEvents(this.#events, this.#middleware, this.#log);
  }

  #makeHooks() {
    const { txIdGenerator, highWaterMark } = this.#options;
    return new HookedCalls({
      caller: this.#caller,
      outbox: this.#outbox,
      middleware: this.#middleware,
      txIdGenerator,
      mostPosts: highWaterMark.messages,
      report: this.#log.error,
    });
  }

  #makeSeparation() {
    return new Separation(this, {
      socketPath: this.#options.socketPath,
      setState: (state) => this.#setState(state),
      refusal: () => this.#refusal(),
      leave: () => {
        const left = this.#life.disconnect();
        this.#server?.abandonAll();
        return left;
      },
      join: () => this.#life.reconnect(this.#init),
      rejectAll: (errorOf) => {
        this.#caller.rejectAll(errorOf);
        this.#channel.endStreams(errorOf(), true);
      },
    });
  }

  #chooseWay() {
    this.#way = this.#hooked.isNeeded ? this.#hooked : this.#caller;
  }

  // ---------------------------------------------------------------- starting

  /**
   * Start the process, or join it, once; resolves when the worker is ready. Rejects with
   * WorkerStartError, TimeoutError (startup, connect), HandshakeError, the reason of the signal, or WorkerClosedError.
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
      onChannel: (channel) => this.#onChannel(channel),
      onUnjoined: (error) => this.#separation.onUnjoined(error),
      onReady: (names) => this.#onReady(names),
      onRequest: (at) => this.#onRequest(at),
      onCancel: (at) => this.#server?.onCancel(at),
      onAnswer: (kind, slot, at) => this.#caller.onAnswer(kind, slot, at),
      onLate: (at) => this.#caller.onLate(at),
      onProgress: (at) => this.#caller.onProgress(at),
      onEmitted: (at) => this.#remoteEvents.deliver(this.#channel, at),
      onStream: (end) => this.#onStream(end),
      onDrain: (what) => {
        this.#server?.onDrain(what);
        this.#outbox.onDrain(what);
      },
      onDeath: () => this.#onDeath(),
      onExit: (exit, startError) => this.#onExit(exit, startError),
      wantsTail: () => this.#shutdown === null,
    });
    life.launch();
    this.#life = life;
    if (!this.#isRef) this.#setRef(false);
  }

  #onChannel(channel) {
    this.#past = addCounters(this.#past, this.#channel);
    this.#channel = channel;
    this.#caller.use(channel);
    if (!this.#isRef) channel.setRef(false);
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
    this.#caller.setMethods(methodTable(names, this.#options));
    if (this.#options.handlers !== undefined) this.#server = this.#makeServer();
    if (this.#state === 'restarting') return void this.#resume();
    if (this.#state === 'connecting') return void this.#rejoin();
    this.#setState('ready');
    this.#started.resolve(this);
    // When whoever waits for createWorker has the worker.
    setImmediate(() => {
      if (this.#state === 'ready') tell(this, 'ready');
    });
  }

  #makeServer() {
    const { handlers, timeouts } = this.#options;
    return new Server(this.#channel, handlers, {
      timeouts,
      middleware: this.#middleware,
      log: this.#log,
      emit: (name, data) => this.notify(name, data),
    });
  }

  /** P4.12 */
  #onRequest(at) {
    this.#remoteEvents.flush();
    if (this.#server !== null) return void this.#server.onRequest(at);
    this.#life.giveUp(new errors.ProtocolError('a request from the worker', { rule: 'P4.12' }));
  }

  // ---------------------------------------------------------------- calls

  /**
   * Ask the worker. Rejects with the handler's error, TimeoutError, SerializationError,
   * OverloadedError, WorkerCrashedError, WorkerClosedError, or the reason of options.signal.
   */
  send(type, payload, options) {
    const way = sending.isActive ? this.#hooked : this.#way;
    if (!isIterable(payload)) return way.send(type, payload, options);
    return require('./streamed-call').sendStream(way, type, payload, options);
  }

  /**
   * The items of a handler that is an async generator, or returns an AsyncIterable or a Readable. To
   * leave the stream, an abort and a timeout stop it. Its error comes behind the items. As for
   * send(), the payload may be a stream.
   * @param {string} type
   * @param {unknown} [payload]
   * @param {import('./options').SendOptions} [options]
   * @returns {import('node:stream').Readable} destroyed with what send() rejects with
   */
  stream(type, payload, options) {
    const way = sending.isActive ? this.#hooked : this.#way;
    return require('./streamed-call').callStream(way, type, payload, options);
  }

  /** One way; false when the worker is behind: accepted, but wait for 'drain'. */
  post(type, payload) {
    const way = sending.isActive ? this.#hooked : this.#way;
    return way.post(type, payload);
  }

  /**
   * Event to the worker: parent.events.on(name, listener) there.
   * @param {string} name at most 1024 bytes
   * @param {unknown} [data]
   * @returns {boolean} false: accepted, but wait for 'drain'
   */
  notify(name, data) {
    return this.#way.emit(name, data);
  }

  /**
   * A named Duplex to the worker, where onPipe gets the other end.
   * @param {string} name 1 to 1024 bytes
   * @param {import('./pipe-options').PipeOptions} [options] objectMode, highWaterMark, signal
   * @returns {import('./stream-pipe').StreamPipe} at once; refused by the worker, it is destroyed
   *   with the error
   */
  openPipe(name, options) {
    return require('./pipe-opening').openPipe(name, options, () => {
      if (!this.isConnected) throw this.#refusal(undefined, 'pipe');
      return this.#channel;
    });
  }

  /** The worker has opened a pipe, or a stream of a call. */
  #onStream(end) {
    if (isOfCall(end.name)) {
      if (this.#server !== null) this.#server.onStream(end);
      else end.reset(new errors.ProtocolError('a stream of no call', { rule: 'P11.15' }));
      return;
    }
    const serve = this.listenerCount('pipe') > 0 ? (pipe) => this.emit('pipe', pipe) : undefined;
    require('./pipe-opening').acceptPipe(end, serve, this.#log);
  }

  /** What the worker emits. */
  get events() {
    return this.#events;
  }

  /**
   * Add middleware, which sees requests when they are sent and answers when they are received.
   * @param {Function} middleware gets a MiddlewareContext
   * @returns {() => void} removes it
   */
  use(middleware) {
    const remove = this.#middleware.add(checkOneMiddleware(middleware));
    this.#chooseWay();
    return () => {
      remove();
      this.#chooseWay();
    };
  }

  /** Round-trip time in milliseconds. */
  ping() {
    if (!this.isConnected) return Promise.reject(this.#refusal());
    if (this.#caller.isEncoding)
      return new Promise((resolve) => process.nextTick(() => resolve(this.ping())));
    return this.#caller.ping(this.#options.timeouts.message);
  }

  #refusal(type, what = 'ping') {
    if (this.#isDead || this.#state === 'crashed') return this.#crashError(type, true);
    if (this.#state === 'restarting' && type === undefined) return restartingError(what);
    if (this.#state !== 'ready' && this.#state !== 'restarting') {
      const how = this.#state === 'disconnected' ? 'connected' : 'active';
      return new errors.WorkerClosedError(`Worker is not ${how}`);
    }
    return unknownTypeError(type);
  }

  // ---------------------------------------------------------------- ending

  /** No answer can come any more; its exit follows. */
  #onDeath() {
    this.#server?.abandonAll();
    if (this.#shutdown !== null) return;
    if (this.#options.crash !== null || this.#isDiscarded) return void this.#loseWorker();
    this.#isDead = true;
    this.#caller.close(); // later calls are refused for this reason
  }

  #onExit({ code, signal }, startError) {
    this.#lasting.rejectDoomed((type, tries) => this.#life.crashError(type, tries));
    if (this.#state === 'restarting') return void this.#onLoss({ code, signal }, startError);
    const asked = this.#shutdown !== null && !this.#isDead;
    this.#setState(asked ? 'closed' : 'crashed');
    this.#forgetSignal?.();
    if (asked) this.#caller.rejectAll(closedError);
    else this.#caller.rejectUnanswered((type) => this.#crashError(type));
    this.#channel.endStreams(asked ? closedError() : this.#crashError(), asked);
    this.#separation.onExit(asked ? closedError() : this.#crashError());
    this.#started.reject(asked ? closedError() : startError);
    const { failure } = this.#life;
    if (failure) tellError(this, failure, this.#log);
    tell(this, 'exit', code, signal);
  }

  #crashError(type, isLate = false) {
    if (this.#hopeless) return hopelessError(this.#hopeless, type);
    return this.#life.crashError(type, undefined, isLate);
  }

  // ---------------------------------------------------------------- restarting

  /** A handler that was given up has not ended in its grace. */
  #replace() {
    if (this.#state !== 'ready' || this.#isDead) return;
    this.#log.warn(`worker ${this.#options.script}: a handler does not end, so it is replaced`);
    this.#isDiscarded = true;
    this.#life.discard();
  }

  /** Calls that have a try left wait for the next worker; the others are told once the exit is known. */
  #loseWorker() {
    this.#lasting.lose(this.#caller.takeSent(), this.#life.session, this.#isDiscarded);
    this.#isDiscarded = false;
    this.#restarts.died(this.#channel.messagesReceived > 0);
    this.#setState('restarting');
  }

  #onLoss({ code, signal }, startError) {
    const { failure } = this.#life;
    this.#channel.endStreams(this.#life.crashError(), false);
    if (failure) tellError(this, failure, this.#log);
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
    this.#caller.rejectUnanswered((type) => hopelessError(error, type));
    tellError(this, error, this.#log);
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
    this.#lasting.open();
    if (this.#channel.isClosed) return; // it broke a rule at once
    this.#setState('ready');
    if (this.#state === 'ready') tell(this, 'ready');
    if (this.#state === 'ready') this.#outbox.onDrain(DRAIN.ALL);
  }

  // ---------------------------------------------------------------- leaving the worker alone

  /**
   * Leave the worker to itself, or to another host; calls reject with WorkerClosedError. Needs a
   * socketPath. Resolves when the worker has let go.
   */
  disconnect() {
    return this.#separation.disconnect();
  }

  /** Connect to it again. Rejects as connectWorker, and the worker is still disconnected then. */
  reconnect() {
    return this.#separation.reconnect();
  }

  #rejoin() {
    this.#life.process.setRef(this.#isRef);
    this.#separation.onReady();
    if (this.#state === 'ready') this.#outbox.onDrain(DRAIN.ALL);
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
    this.#lasting.hurry();
    this.#caller.whenIdle(async () => {
      await this.#channel.finishStreams();
      if (process.exit === null) this.#channel.goaway(0);
    });
    await process.exited;
    clearTimeout(timer);
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
      this.#caller.rejectAll(closedError);
      this.#channel.endStreams(closedError(), true);
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
    this.#caller.isOpen = state === 'ready';
    this.#lasting.isWaiting = state === 'restarting';
    this.#log.debug(`worker ${this.#options.script}: ${before} to ${state}`);
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
    if (this.#state !== 'disconnected') this.#life.process.setRef(ref);
    this.#lasting.setRef(ref);
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
    return !this.#isDead && !isEnd(this.#state);
  }

  get isConnected() {
    return !this.#channel.isClosed && this.#state === 'ready';
  }

  get driver() {
    return this.#options.driver;
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
      callsSent: this.#caller.tally.sent,
      callsInFlight: this.#caller.size,
      callsFailed: this.#caller.tally.failed,
      queued: waiting + this.#lasting.queued,
      ...addCounters(this.#past, this.#channel),
    };
  }
}

module.exports = { Worker };
