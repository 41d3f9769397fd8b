'use strict';

const { EventEmitter, once } = require('node:events');
const { randomBytes } = require('node:crypto');
const native = require('./binding');
const { CallTable } = require('./call-table');
const { Channel } = require('./channel');
const { createCodec, nameOf } = require('./codec');
const { rejectWithCallerStack } = require('./caller-stack');
const { decodeError } = require('./error-frames');
const errors = require('./errors');
const { EVENT, FLAG, ROLE, TYPE } = require('./frames');
const { callTimeout } = require('./options');
const { makeLink, spawnWorker } = require('./spawn');
const { StderrTail } = require('./stderr-tail');

const SPILL_BYTES = 64 * 1024 * 1024;
const WINDOW_BYTES = 1024 * 1024;
const KILL_GRACE = 1000; // from SIGTERM to SIGKILL
const STDERR_GRACE = 200; // for the last of stderr after the exit
const MAX_METHODS = 65_536; // the numbers of 16 bits
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
  #child;
  #channel;
  #codec;
  #stderr = null; // StderrTail, or null where stderr is not piped
  #calls = new CallTable();
  #methods = new Map(); // type to number
  #timeouts = []; // by method, milliseconds
  #state = 'starting';
  #transport = 'socket';
  #start; // { resolve, reject, timer } until READY or failure
  #needDrain = false;
  #exited; // promise of { code, signal }
  #hasExited = false;
  #exit = null; // { code, signal }
  #failure = null; // why the channel ended while the process lived
  #shutdown = null; // promise of shutdown or terminate
  #idle = null; // called when no call is open
  #finished = false; // 'exit' was emitted
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
    const { promise, resolve, reject } = deferred();
    this.#start = { resolve, reject, timer: undefined };
    const link = makeLink(this.#options.transport);
    this.#codec = createCodec(this.#options.serializer);
    this.#openChannel(link);
    try {
      this.#adoptChild(spawnWorker(this.#options, link));
    } catch (error) {
      this.#channel.close();
      throw new errors.WorkerStartError(`Worker process could not be started: ${error.message}`, {
        cause: error,
      });
    }
    this.#watchStart();
    return promise;
  }

  #openChannel(link) {
    const { highWaterMark, maxMessageBytes, spin } = this.#options;
    this.#channel = new Channel({
      open: (options, callbacks) => native.openHost(link, options, callbacks),
      options: {
        role: ROLE.HOST,
        uuid: randomBytes(16),
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
        onOpen: (transport) => (this.#transport = transport),
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

  #adoptChild(child) {
    this.#child = child;
    const { promise, resolve } = deferred();
    this.#exited = promise;
    child.once('error', (error) => this.#onExit(resolve, null, null, error));
    child.once('exit', (code, signal) => this.#onExit(resolve, code, signal));
    if (child.stderr && this.#options.stdio === 'default')
      this.#stderr = new StderrTail(child.stderr, true);
    else if (child.stderr) this.#stderr = new StderrTail(child.stderr, false);
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
    this.#exited.then(() => signal.removeEventListener('abort', onAbort));
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
    this.#kill('SIGKILL');
    this.#channel.close();
    this.#exited.then(() => start.reject(error));
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

  #sendInit() {
    const { workerData, name, serializer, timeouts } = this.#options;
    const init = {
      workerData,
      name,
      serializer: typeof serializer === 'string' ? serializer : nameOf(serializer),
      builtIn: typeof serializer === 'string',
      timeouts: { message: timeouts.message, types: timeouts.types },
    };
    const own = this.#channel.codec;
    try {
      // DEFINE is not for a worker that is not ready (P3.6).
      this.#channel.codec = createCodec('structured', { shapes: false });
      this.#channel.send(TYPE.INIT, 0, 0, 0, 0, 0, false, init);
    } catch (error) {
      this.#failStart(error);
    } finally {
      this.#channel.codec = own;
    }
  }

  /** Start frames are structured, whatever the channel's codec. */
  #startPayload(at) {
    const codec = createCodec('structured');
    return this.#channel.readPayload(at, (bytes, start, end) =>
      codec.decode(1, bytes, start, end, false),
    );
  }

  #onMethods(at) {
    let names;
    try {
      names = this.#startPayload(at);
      checkMethods(names);
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
  }

  #onStartError(at) {
    const cause = this.#channel.readPayload(at, decodeError);
    const start = this.#endStart();
    if (!start) return;
    this.#state = 'crashed';
    this.#exited.then(() => {
      const isHandshake = cause instanceof errors.HandshakeError;
      start.reject(
        isHandshake ? cause : this.#startError(`Worker failed to start: ${cause.message}`, cause),
      );
    });
    this.#channel.close();
    this.#killLater();
  }

  #startError(message, cause) {
    const { code, signal } = this.#exit ?? {};
    const details = {
      exitCode: code ?? undefined,
      signal: signal ?? undefined,
      stderrTail: this.#tail(),
    };
    if (cause) details.cause = cause;
    return new errors.WorkerStartError(message, details);
  }

  #tail() {
    return this.#stderr?.toString();
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
      const given = checkSendOptions(options);
      tell = given !== undefined && given !== timeout && given > 0;
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
    if (this.#state === 'crashed') return this.#crashError(type);
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
    if (this.#idle !== null) this.#checkIdle();
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
    this.#channel.close();
    if (!this.#start) this.#kill('SIGKILL');
    else if (error instanceof errors.HandshakeError) this.#failStart(error);
    else this.#failStart(this.#startError(`Worker failed to start: ${error.message}`, error));
  }

  #onEnd(code, rule) {
    if (code === 0) {
      if (this.#start) this.#channel.close(); // it may never have been open
      if (!this.#hasExited) this.#killLater();
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

  /** It has closed its end, so it is about to leave; if it does not, it is made to. */
  #killLater() {
    const timer = setTimeout(() => this.#kill('SIGKILL'), KILL_GRACE);
    this.#exited.then(() => clearTimeout(timer));
  }

  #kill(signal) {
    if (!this.#hasExited && this.#child) this.#child.kill(signal);
  }

  async #onExit(resolve, code, signal, error) {
    if (this.#hasExited) return;
    this.#hasExited = true;
    this.#exit = { code, signal };
    this.#channel.readRest();
    this.#channel.close();
    await this.#stderrEnd();
    resolve(this.#exit);
    this.#finish(error);
  }

  /** The tail is complete when stderr has ended; a grandchild may hold it open. */
  async #stderrEnd() {
    const { stderr } = this.#child;
    if (!stderr || stderr.readableEnded || stderr.destroyed || !this.#start) return;
    const limit = AbortSignal.timeout(STDERR_GRACE);
    await once(stderr, 'close', { signal: limit }).catch(() => {});
  }

  #finish(error) {
    if (this.#finished) return;
    this.#finished = true;
    const asked = this.#shutdown !== null;
    const start = this.#endStart();
    this.#setState(asked ? 'closed' : 'crashed');
    for (const call of this.#calls.finishAll()) {
      this.#reject(
        call,
        asked ? new errors.WorkerClosedError('Worker closed') : this.#crashError(call.type),
      );
    }
    const { code, signal } = this.#exit;
    start?.reject(this.#startError(startText(error, code, signal), error));
    if (this.#failure && this.listenerCount('error') > 0) this.emit('error', this.#failure);
    this.emit('exit', code, signal);
  }

  #crashError(type) {
    const { code = null, signal = null } = this.#exit ?? {};
    const error = this.#failure;
    const reason = error ? { type: 'error', code, signal, error } : { type: 'exit', code, signal };
    const how = error
      ? error.message
      : signal
        ? `exit code ${code}, signal ${signal}`
        : `exit code ${code}`;
    const doing = type === undefined ? '' : ` while processing '${type}'`;
    const details = {
      reason,
      messageType: type,
      attempt: 1,
      maxAttempts: 1,
      stderrTail: this.#tail(),
    };
    if (error) details.cause = error;
    return new errors.WorkerCrashedError(`Worker crashed (${how})${doing}`, details);
  }

  /** Finish what runs, run the worker's onShutdown, exit; then SIGTERM, then SIGKILL. */
  shutdown({ timeout = this.#options.shutdownTimeout } = {}) {
    this.#shutdown ??= this.#close(callTimeout(timeout));
    return this.#shutdown;
  }

  close() {
    return this.shutdown();
  }

  async #close(timeout) {
    if (this.#hasExited) return;
    if (this.#state === 'ready') this.#setState('closing');
    const timers = [
      setTimeout(() => this.#kill('SIGTERM'), timeout),
      setTimeout(() => this.#kill('SIGKILL'), timeout + KILL_GRACE),
    ];
    this.#idle = () => this.#channel.goaway(0);
    this.#checkIdle();
    await this.#exited;
    timers.forEach(clearTimeout);
  }

  #checkIdle() {
    const idle = this.#idle;
    if (idle === null || this.#calls.size > 0 || this.#hasExited) return;
    this.#idle = null;
    idle();
  }

  /** SIGTERM, and SIGKILL when that does not help. */
  async terminate() {
    this.#shutdown ??= this.#exited.then(() => {});
    if (this.#hasExited) return;
    if (this.#state === 'ready') this.#setState('closing');
    this.#kill('SIGTERM');
    const timer = setTimeout(() => this.#kill('SIGKILL'), KILL_GRACE);
    await this.#exited;
    clearTimeout(timer);
  }

  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    return this.shutdown();
  }

  // ---------------------------------------------------------------- looking

  #setState(state) {
    const before = this.#state;
    this.#state = state;
    this.emit('state', state, before);
  }

  ref() {
    return this.#setRef(true);
  }

  unref() {
    return this.#setRef(false);
  }

  #setRef(ref) {
    const verb = ref ? 'ref' : 'unref';
    this.#channel.setRef(ref);
    this.#child[verb]();
    this.#child.stdout?.[verb]?.();
    this.#child.stderr?.[verb]?.();
    return this;
  }

  get pid() {
    return this.#hasExited ? undefined : this.#child?.pid;
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
    return this.#child.stdout;
  }

  get stderr() {
    return this.#options.stdio === 'pipe' ? this.#child.stderr : null;
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

function checkMethods(names) {
  const fits =
    Array.isArray(names) &&
    names.length <= MAX_METHODS &&
    names.every((name) => typeof name === 'string');
  if (!fits) throw new errors.ProtocolError('malformed METHODS', { rule: 'P3.9' });
}

function startText(error, code, signal) {
  if (error) return `Worker process could not be started: ${error.message}`;
  return `Worker exited before it was ready (exit code ${code}${signal ? `, signal ${signal}` : ''})`;
}

function checkSendOptions(options) {
  if (typeof options !== 'object' || options === null)
    throw new TypeError('send options must be an object');
  for (const name of Object.keys(options)) {
    if (name !== 'timeout')
      throw new errors.UnsupportedError(`send option '${name}' is not available yet`);
  }
  return options.timeout === undefined ? undefined : callTimeout(options.timeout);
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
