'use strict';

const { EventEmitter } = require('node:events');
const native = require('./binding');
const { CallTable } = require('./call-table');
const { Channel } = require('./channel');
const { createCodec } = require('./codec');
const { rejectWithCallerStack } = require('./caller-stack');
const { crashError, earlyExitError, spawnError, startError } = require('./end-errors');
const { decodeError } = require('./error-frames');
const errors = require('./errors');
const { EVENT, FLAG, ROLE, TYPE } = require('./frames');
const { sendTimeout, shutdownTimeout } = require('./options');
const { report } = require('./report');
const { makeLink, spawnWorker } = require('./spawn');
const { STRUCTURED, decodeMethods, encodeInit } = require('./start-frames');
const { WorkerProcess } = require('./worker-process');

const SPILL_BYTES = 64 * 1024 * 1024;
const WINDOW_BYTES = 1024 * 1024;
const FAILED_START_GRACE = 5000; // from the error of a start to SIGKILL
const STATUS = native.status;

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
  }
}

/** A worker process, from the host's side. Made by createWorker. */
class Worker extends EventEmitter {
  #options;
  /** @type {any} a WorkerProcess, once it is started */
  #process;
  #channel;
  #codec;
  #calls = new CallTable();
  #methods = new Map(); // type to number
  #timeouts = []; // by method, milliseconds
  #state = 'starting';
  #transport = 'socket';
  #init; // payload of INIT, until it is sent
  #start; // { resolve, reject, timer } until READY or failure
  #needDrain = false;
  /** @type {Error | null} */
  #failure = null; // why the channel ended while the process lived
  #closedEarly = false; // killed, for it had closed its end and stayed
  #crashed = false; // its process has ended, and nobody had asked for that
  /** @type {Promise<void> | null} */
  #shutdown = null; // of shutdown or terminate
  #goawayWaits = false; // for the calls that are open
  #sent = 0;
  #failed = 0;

  constructor(options) {
    super();
    this.#options = options;
  }

  /** Start the process; resolves when the worker is ready. */
  static async start(options) {
    const worker = new Worker(options);
    options.signal?.throwIfAborted();
    await worker.#launch();
    return worker;
  }

  // ---------------------------------------------------------------- starting

  #launch() {
    this.#init = encodeInit(this.#options);
    this.#options.workerData = undefined; // it is the user's, and may be large
    this.#codec = createCodec(this.#options.serializer);
    const started = new Promise((resolve, reject) => {
      this.#start = { resolve, reject, timer: undefined };
    });
    try {
      const link = makeLink(this.#options.transport);
      this.#openChannel(link);
      this.#adoptChild(spawnWorker(this.#options, link));
    } catch (error) {
      this.#channel?.close();
      throw error instanceof errors.HawserError ? error : spawnError(error);
    }
    this.#watchStart();
    return started;
  }

  #openChannel(link) {
    const { highWaterMark, maxMessageBytes, spin } = this.#options;
    this.#channel = new Channel({
      open: (options, callbacks) => native.openHost(link, options, callbacks),
      options: {
        role: ROLE.HOST,
        uuid: native.uuid(),
        codecs: 0xff,
        maxMessageBytes,
        windowBytes: WINDOW_BYTES,
        windowMessages: highWaterMark.messages,
        highWaterBytes: highWaterMark.bytes,
        highWaterMessages: highWaterMark.messages,
        spinMicroseconds: spin,
      },
      codec: this.#codec,
      listener: {
        onOpen: (transport) => this.#onOpen(transport),
        onEvent: (kind, at) => this.#onEvent(kind, at),
        onRequest: () =>
          this.#breach(new errors.ProtocolError('a request from the worker', { rule: 'P4.12' })),
        onAnswer: (kind, slot, at) => this.#onAnswer(kind, slot, at),
        onDrain: () => this.#onDrain(),
        onEnd: (code, rule) => this.#onEnd(code, rule),
        onProtocolError: (error) => this.#breach(error),
      },
    });
  }

  #onOpen(transport) {
    this.#transport = transport;
    if (transport === 'shm' || this.#options.transport !== 'shm') return;
    const text = "transport 'shm' is not available: the worker could not join it";
    this.#failStart(new errors.UnsupportedError(text));
  }

  #adoptChild(child) {
    this.#process = new WorkerProcess(child, {
      forwardStderr: this.#options.stdio === 'default',
      onExit: () => this.#onExit(),
      wantsTail: () => this.#shutdown === null,
    });
    this.#process.exited.then((exit) => this.#finish(exit));
  }

  /** Calls that were not answered are told in #finish(), when the tail of stderr is whole. */
  #onExit() {
    this.#crashed = this.#shutdown === null;
    this.#channel.readRest();
    this.#channel.close();
    this.#methods.clear(); // later calls are refused
  }

  #watchStart() {
    const { timeouts, signal } = this.#options;
    const { startup } = timeouts;
    if (startup > 0) {
      this.#start.timer = setTimeout(() => {
        const text = `Worker startup timeout after ${startup} ms`;
        this.#failStart(new errors.TimeoutError(text, { phase: 'startup', timeout: startup }));
      }, startup);
    }
    if (!signal) return;
    const onAbort = () => {
      if (this.#start) this.#failStart(signal.reason);
      else this.terminate();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    this.#process.exited.then(() => signal.removeEventListener('abort', onAbort));
  }

  #endStart() {
    const start = this.#start;
    this.#start = null;
    clearTimeout(start?.timer);
    return start;
  }

  /** The worker is killed; createWorker rejects once it is gone. */
  #failStart(error) {
    const start = this.#endStart();
    if (!start) return;
    this.#state = 'crashed';
    this.#failure = null; // createWorker tells of it
    this.#process.kill('SIGKILL');
    this.#channel.close();
    this.#process.exited.then(() => start.reject(error));
  }

  /** @returns {void} */
  #onEvent(kind, at) {
    switch (kind) {
      case EVENT.HELLO:
        return this.#sendInit();
      case EVENT.METHODS:
        return this.#onMethods(at);
      case EVENT.READY:
        return this.#onReady();
      case EVENT.START_ERROR:
        return this.#onStartError(at);
      default:
        return undefined; // GOAWAY: its exit follows
    }
  }

  /** P3.8 */
  #sendInit() {
    this.#channel.sendBytes(TYPE.INIT, STRUCTURED, 0, 0, this.#init);
    this.#init = null;
  }

  #onMethods(at) {
    let names;
    try {
      names = this.#channel.readPayload(at, decodeMethods);
    } catch (error) {
      return this.#breach(error);
    }
    const { message, types } = this.#options.timeouts;
    names.forEach((name, i) => {
      this.#methods.set(name, i);
      this.#timeouts[i] = Object.hasOwn(types, name) ? types[name] : message;
    });
    return undefined;
  }

  #onReady() {
    const start = this.#endStart();
    if (!start) return;
    this.#setState('ready');
    start.resolve(this);
    // When whoever waits for createWorker has the worker.
    setImmediate(() => {
      if (this.#state === 'ready') this.emit('ready');
    });
  }

  /** P3.11 */
  #onStartError(at) {
    const cause = this.#channel.readPayload(at, decodeError);
    const start = this.#endStart();
    if (!start) return;
    this.#state = 'crashed';
    this.#process.exited.then(() => {
      const isHandshake = cause instanceof errors.HandshakeError;
      start.reject(
        isHandshake ? cause : this.#startError(`Worker failed to start: ${cause.message}`, cause),
      );
    });
    // The channel stays open: the worker would take its end for the host's, and kill itself.
    this.#process.killLater(() => {}, FAILED_START_GRACE);
  }

  #startError(message, cause) {
    const { exit, tail } = this.#process;
    return startError(message, { exit: exit ?? undefined, tail, cause });
  }

  // ---------------------------------------------------------------- calls

  /**
   * Ask the worker. Rejects with the handler's error, TimeoutError, SerializationError,
   * OverloadedError, WorkerCrashedError or WorkerClosedError.
   */
  send(type, payload, options) {
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
    const method = this.#methods.get(type);
    if (method === undefined || this.#state !== 'ready') throw this.#refusal(type);
    const channel = this.#channel;
    if (this.#needDrain && channel.isOverCap)
      throw new errors.OverloadedError('posts past the hard cap: wait for drain');
    channel.send(TYPE.REQUEST, FLAG.ONEWAY, method, 0, 0, 0, false, payload);
    if (!channel.isOverMark) return true;
    if (!this.#needDrain) channel.wantDrain();
    this.#needDrain = true;
    return false;
  }

  /** Round-trip time in milliseconds. */
  ping() {
    if (!this.isConnected) return Promise.reject(this.#refusal());
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
    const broken = this.#state === 'ready' && (this.#failure !== null || this.#crashed);
    if (broken || this.#state === 'crashed') return this.#crashError(type);
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
    else
      this.#reject(
        call,
        kind === EVENT.ERROR ? this.#remoteError(at) : this.#timeoutError(call, at),
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
    this.#failed++;
    rejectWithCallerStack(call.resolve, call.reject, error);
  }

  #remoteError(at) {
    return this.#channel.readPayload(at, decodeError);
  }

  #timeoutError({ type, timeout }, at) {
    const phase = this.#channel.value(at) === 1 ? 'queue' : 'run';
    return new errors.TimeoutError(`Request timeout after ${timeout}ms: ${type}`, {
      phase,
      timeout,
    });
  }

  #onDrain() {
    if (!this.#needDrain) return;
    if (this.#channel.isOverMark) return void this.#channel.wantDrain(); // posts of this batch
    this.#needDrain = false;
    this.emit('drain');
  }

  // ---------------------------------------------------------------- ending

  /** The peer broke a rule: its connection ends, and with it the process. */
  #breach(error) {
    if (this.#channel.isClosed) return;
    this.#failure ??= error;
    this.#methods.clear(); // later calls are refused for this reason
    this.#channel.close();
    if (!this.#start) this.#process.kill('SIGKILL');
    else if (error instanceof errors.HandshakeError) this.#failStart(error);
    else this.#failStart(this.#startError(`Worker failed to start: ${error.message}`, error));
  }

  #onEnd(code, rule) {
    if (code === 0) {
      if (this.#start) this.#channel.close(); // it may never have been open
      if (this.#process.exit === null) this.#killLater();
      return;
    }
    const where = rule ? ` (${rule})` : '';
    if (code === STATUS.EVERSION) {
      const text = `Worker speaks version ${this.#channel.peerVersion} of the protocol, this host version ${native.protocolVersion}`;
      this.#breach(new errors.HandshakeError(text));
    } else {
      this.#breach(
        new errors.ProtocolError(`the worker broke the protocol${where}`, { rule, status: code }),
      );
    }
  }

  /** It has closed its end, so it is about to leave. */
  #killLater() {
    this.#process.killLater(() => (this.#closedEarly = this.#shutdown === null));
  }

  #finish({ code, signal, error }) {
    const start = this.#endStart();
    this.#setState(this.#crashed ? 'crashed' : 'closed');
    const lost = ({ type }) =>
      this.#crashed ? this.#crashError(type) : new errors.WorkerClosedError('Worker closed');
    for (const call of this.#calls.finishAll()) this.#reject(call, lost(call));
    if (error) start?.reject(spawnError(error, this.#options.cwd));
    else start?.reject(earlyExitError({ code, signal }, this.#process.tail));
    if (this.#failure && !start) this.#emitError(this.#failure);
    this.#tell('exit', code, signal);
  }

  #emitError(error) {
    if (this.listenerCount('error') > 0) this.#tell('error', error);
    else report('a worker was given up', error);
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

  #crashError(type) {
    const { exit, tail } = this.#process;
    const failure = this.#failure ?? undefined;
    return crashError({ exit: exit ?? undefined, failure, closed: this.#closedEarly, type, tail });
  }

  /**
   * Finish what runs, run the worker's onShutdown, exit; then SIGTERM, then SIGKILL. Idempotent.
   * @param {{ timeout?: number }} [options] milliseconds until SIGTERM, 0: never; default:
   *   shutdownTimeout
   */
  async shutdown(options) {
    const timeout = shutdownTimeout(options) ?? this.#options.shutdownTimeout;
    if (this.#shutdown === null) {
      this.#shutdown = this.#process.exited.then(() => {});
      this.#close(timeout);
    }
    return this.#shutdown;
  }

  close() {
    return this.shutdown();
  }

  #close(timeout) {
    if (this.#process.exit !== null) return;
    if (timeout > 0) {
      const timer = setTimeout(() => this.#process.killInSteps(), timeout);
      this.#process.exited.then(() => clearTimeout(timer));
    }
    if (this.#state === 'ready') this.#setState('closing');
    this.#sayGoaway();
  }

  /** Once no call is open. */
  #sayGoaway() {
    this.#goawayWaits = this.#calls.size > 0;
    if (!this.#goawayWaits && this.#process.exit === null) this.#channel.goaway(0);
  }

  /** SIGTERM, and SIGKILL when that does not help. */
  async terminate() {
    this.#shutdown ??= this.#process.exited.then(() => {});
    if (this.#state === 'ready' && this.#process.exit === null) this.#setState('closing');
    await this.#process.killInSteps();
  }

  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    return this.shutdown();
  }

  // ---------------------------------------------------------------- looking

  #setState(state) {
    const before = this.#state;
    this.#state = state;
    this.#tell('state', state, before);
  }

  ref() {
    return this.#setRef(true);
  }

  unref() {
    return this.#setRef(false);
  }

  #setRef(ref) {
    this.#channel.setRef(ref);
    this.#process.setRef(ref);
    return this;
  }

  get pid() {
    return this.#process?.pid;
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
    return this.#transport;
  }

  get stdout() {
    return this.#process.stdout;
  }

  get stderr() {
    return this.#process.stderr;
  }

  stats() {
    const channel = this.#channel;
    return {
      callsSent: this.#sent,
      callsInFlight: this.#calls.size,
      callsFailed: this.#failed,
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

module.exports = { Worker };
