'use strict';

const native = require('./binding');
const { Channel } = require('./channel');
const { onAnnouncement } = require('./announcement');
const { createCodec } = require('./codec');
const { crashError, earlyExitError, spawnError, startError } = require('./end-errors');
const { decodeError } = require('./error-frames');
const errors = require('./errors');
const { EVENT, GOAWAY, ROLE, TYPE } = require('./frames');
const { Joining } = require('./joining');
const { makeToken, removeRemains, socketError, socketId } = require('./named-socket');
const { NO_CHANNEL } = require('./no-channel');
const { RemoteProcess } = require('./remote-process');
const { makeLink, spawnListening, spawnWorker, FIRST_FD } = require('./spawn');
const { STRUCTURED, decodeMethods } = require('./start-frames');
const { WorkerProcess } = require('./worker-process');

const FAILED_START_GRACE = 5000; // from the error of a start to SIGKILL
const REMOTE_EXIT_GRACE = 100; // from the end of a connection to that of the process, at best effort: it removes its own files
const STATUS = native.status;

/**
 * One life of a worker: a process, the connection to it, and its start. It is over with its
 * process; a Worker may have several, one after the other. At a named socket its connection may
 * end and be made again, and its process may be somebody else's.
 *
 * The owner has onChannel(channel), for each connection; onReady(names); onUnjoined(error), when it
 * could not be joined again; onRequest(at), onCancel(at), onAnswer(kind, slot, at), onLate(at),
 * onProgress(at), onEmitted(at), onStream(end) and onDrain(what), as of Channel; onDeath(), at once when no
 * answer can come any more; onExit({ code, signal }, startError), the last of all, once the process
 * is gone and its stderr is read; wantsTail().
 */
class Incarnation {
  #options;
  #owner;
  /** @type {Buffer | null} payload of INIT, until it is sent */
  #init;
  #names = [];
  #timer; // of the start
  #starting = true; // until READY or a failure
  /** @type {unknown} why it did not start */
  #startError;
  /** @type {any} what it said of that itself */
  #startCause = null;
  #isDead = false;
  #closedEarly = false; // killed, for it had closed its end and stayed
  /** @type {Error | null} its bytes ended inside a frame */
  #cutShort = null;
  /** @type {any} a Joining, while there is no connection yet */
  #joining = null;
  #peerPid = 0; // of who listens
  #isJoinedAgain = false; // so that a failure ends the connection only
  /** @type {any} of the process, where it listens for us */
  #lifeline = null;
  /** @type {string | undefined} which file it listens at */
  #socketId;
  /** @type {((value?: any) => void) | null} from disconnect() until it has let us go */
  #left = null;
  /** @type {Promise<void> | undefined} of that */
  #gone;
  /** @type {any} a WorkerProcess or RemoteProcess, once it is launched */
  process;
  /** @type {any} a Channel, once it is launched */
  channel = NO_CHANNEL;
  transport = 'socket';
  session = ''; // its name, part of those of its calls (P4.19)
  isReady = false;
  isOver = false; // its owner knows
  /** @type {Error | null} why the channel ended while the process lived */
  failure = null;

  /** @param {object} options normalized @param {Buffer} init of encodeInit(), let go when it is sent @param {object} owner */
  constructor(options, init, owner) {
    this.#options = options;
    this.#init = init;
    this.#owner = owner;
  }

  /** Start the process. Throws when that cannot be tried; the owner hears nothing then. */
  launch() {
    const { script, socketPath } = this.#options;
    if (script === null) return this.#launchJoined();
    try {
      if (socketPath === undefined) this.#launchInherited();
      else this.#launchListening();
    } catch (error) {
      this.channel.close();
      throw error instanceof errors.HawserError ? error : spawnError(error, this.#options);
    }
    return this.#watchStart();
  }

  #launchInherited() {
    const link = makeLink(this.#options.transport);
    this.#openChannel(link);
    this.#adoptChild(spawnWorker(this.#options, link));
  }

  // ---------------------------------------------------------------- at a named socket

  /** Until it listens no attempt is made: a start may be slow (its limit is timeout.startup). */
  #launchListening() {
    const token = makeToken();
    const child = spawnListening(this.#options, token);
    this.#adoptChild(child);
    this.#lifeline = child.stdio?.[FIRST_FD]; // not where no process could be started
    if (this.#lifeline)
      onAnnouncement(this.#lifeline, ({ id, error }) => {
        if (error !== undefined) return void this.#cannotListen(error);
        this.#socketId = id;
        if (this.#starting) this.#join(token);
      });
  }

  #launchJoined() {
    this.process = new RemoteProcess({ onExit: () => this.#onProcessEnd() });
    this.process.exited.then((exit) => this.#finish(exit));
    this.#join();
  }

  #cannotListen(told) {
    const cause = socketError(told, this.#options.socketPath);
    this.failStart(this.#errorOfStart(`Worker cannot listen: ${cause.message}`, cause));
  }

  /** @param {Buffer} [token] */
  #join(token) {
    this.#joining = new Joining(this.#options, {
      token,
      after: this.#left === null ? undefined : this.#gone,
      onLink: (link) => {
        this.#openChannel(link);
        this.#peerPid = link.pid;
      },
      onFailure: (error) => this.failStart(error),
    });
    this.#joining.start();
  }

  #onRefused(code) {
    this.channel.close(); // before the next attempt
    this.#joining.refused(code);
  }

  #onJoined() {
    this.#joining.stop();
    this.#joining = null;
    this.process.connected?.(this.#peerPid); // until then it may have another host
    this.#socketId ??= socketId(this.#options.socketPath);
    if (this.#options.script === null || this.#isJoinedAgain) this.#watchStart();
  }

  /**
   * Leave the worker alone: it is told so, and waits for another host. Resolves when it has let go,
   * or timeout.connect later, or when its process is gone.
   */
  async disconnect() {
    const { connect } = this.#options.timeouts;
    this.isReady = false;
    this.channel.goaway(GOAWAY.DISCONNECT);
    this.process.disconnected?.();
    let timer;
    await new Promise((resolve) => {
      this.#gone = new Promise((left) => (this.#left = left)).then(() => this.#letGo());
      this.#gone.then(resolve);
      if (connect > 0) timer = setTimeout(resolve, connect);
    });
    clearTimeout(timer);
    this.channel.setRef(false);
    this.process.setRef(false);
  }

  /** Not before it has let us go: to a busy worker this would be the death of its host. */
  #letGo() {
    this.#left = null;
    this.channel.close();
    this.#lifeline?.destroy();
  }

  /** A connection again, to the same process; onReady or onUnjoined follows. @param {Buffer} init */
  reconnect(init) {
    this.#init = init;
    this.#starting = true;
    this.#isJoinedAgain = true;
    this.#startError = undefined;
    this.failure = null;
    this.#join();
  }

  /** @param {Error} error */
  #failJoin(error) {
    if (this.#left === null) this.channel.close();
    this.process.disconnected?.();
    this.#owner.onUnjoined(error);
  }

  #openChannel(link) {
    const { highWaterMark, maxMessageBytes, spin, serializer } = this.#options;
    const owner = this.#owner;
    const uuid = native.uuid();
    this.session = uuid.toString('hex');
    this.channel.close();
    this.channel = new Channel({
      open: (options, callbacks) => native.openHost(link, options, callbacks),
      options: {
        role: ROLE.HOST,
        uuid,
        maxMessageBytes,
        highWaterMark,
        spin,
      },
      codec: createCodec(serializer),
      listener: {
        onOpen: (transport) => this.#onOpen(transport),
        onEvent: (kind, at) => this.#onEvent(kind, at),
        onRequest: owner.onRequest,
        onCancel: owner.onCancel,
        onAnswer: owner.onAnswer,
        onLate: owner.onLate,
        onProgress: owner.onProgress,
        onEmitted: owner.onEmitted,
        onStream: owner.onStream,
        onDrain: owner.onDrain,
        onEnd: (code, rule) => this.#onEnd(code, rule),
        onProtocolError: (error) => this.giveUp(error),
      },
    });
    owner.onChannel(this.channel);
  }

  #onOpen(transport) {
    if (this.#joining !== null) this.#onJoined();
    this.transport = transport;
    if (transport === 'shm' || this.#options.transport !== 'shm') return;
    const text = "transport 'shm' is not available: the worker could not join it";
    this.failStart(new errors.UnsupportedError(text));
  }

  #adoptChild(child) {
    this.process = new WorkerProcess(child, {
      stderr: this.#options.stdio === 'default' ? 'forward' : 'stream',
      onExit: () => this.#onProcessEnd(),
      wantsTail: this.#owner.wantsTail,
    });
    this.process.exited.then((exit) => this.#finish(exit));
  }

  #onProcessEnd() {
    this.channel.readRest();
    this.channel.close();
    this.#left?.();
    this.#die();
  }

  // ---------------------------------------------------------------- starting

  #watchStart() {
    const { startup } = this.#options.timeouts;
    if (startup === 0) return;
    this.#timer = setTimeout(() => {
      const text = `Worker startup timeout after ${startup} ms`;
      this.failStart(new errors.TimeoutError(text, { phase: 'startup', timeout: startup }));
    }, startup);
  }

  /** @returns {boolean} whether it was starting */
  #endStart() {
    const starting = this.#starting;
    this.#starting = false;
    clearTimeout(this.#timer);
    this.#joining?.stop();
    this.#joining = null;
    return starting;
  }

  /** A worker that is starting is killed; the owner is told the error once it is gone. */
  failStart(error) {
    if (!this.#endStart()) return;
    if (this.#isJoinedAgain) return void this.#failJoin(error);
    this.#startError = error;
    this.failure = null; // the error of the start tells of it
    this.process.kill('SIGKILL');
    this.channel.close();
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
    this.channel.sendBytes(TYPE.INIT, STRUCTURED, 0, 0, this.#init);
    this.#init = null;
  }

  #onMethods(at) {
    try {
      this.#names = this.channel.readPayload(at, decodeMethods);
    } catch (error) {
      this.giveUp(error);
    }
  }

  #onReady() {
    if (!this.#endStart()) return;
    this.isReady = true;
    this.#owner.onReady(this.#names);
  }

  /** P3.11 */
  #onStartError(at) {
    const cause = this.channel.readPayload(at, decodeError);
    if (this.#isJoinedAgain) return void this.failStart(this.#causedError(cause));
    if (!this.#endStart()) return;
    this.#startCause = cause;
    // The channel stays open: the worker would take its end for the host's, and kill itself.
    this.process.killLater(() => {}, FAILED_START_GRACE);
  }

  #errorOfStart(message, cause) {
    const { exit, tail } = this.process;
    return startError(message, { exit: exit ?? undefined, tail, cause });
  }

  // ---------------------------------------------------------------- ending

  /** End its connection, and with that the process, for this reason. */
  giveUp(error) {
    if (this.channel.isClosed) return;
    this.failure ??= error;
    this.channel.close();
    if (this.#starting) {
      const isHandshake = error instanceof errors.HandshakeError;
      const text = `Worker failed to start: ${error.message}`;
      this.failStart(isHandshake ? error : this.#errorOfStart(text, error));
    } else {
      this.process.kill('SIGKILL');
      this.#die();
    }
  }

  /** Kill it: nothing that it may still say is of use. */
  discard() {
    this.process.signal?.('SIGKILL'); // somebody else's, while it is connected
    this.channel.close();
    this.process.kill('SIGKILL');
    this.#die();
  }

  #onEnd(code, rule) {
    if (this.#left !== null) return void this.#left();
    if (this.#joining !== null && isRefusal(code)) return void this.#onRefused(code);
    if (code === 0) {
      if (this.#starting && this.#isJoinedAgain) return void this.failStart(closedEarly());
      if (this.#starting) this.channel.close(); // it may never have been open
      if (this.process.exit === null) this.#killLater();
      return;
    }
    if (code === STATUS.EVERSION) {
      const text = `Worker speaks version ${this.channel.peerVersion} of the protocol, this host version ${native.protocolVersion}`;
      return this.giveUp(new errors.HandshakeError(text));
    }
    const text = `the worker broke the protocol${rule ? ` (${rule})` : ''}`;
    const error = new errors.ProtocolError(text, { rule, status: code });
    if (code === STATUS.ETRUNCATED && !this.#starting) this.#onCutShort(error);
    else this.giveUp(error);
  }

  /** Whether that was its death or its doing (P6.2) will be known from its exit. */
  #onCutShort(error) {
    this.#cutShort = error;
    this.channel.close();
    if (this.process.exit === null) this.#killLater();
    this.#die();
  }

  /** It has closed its end, so it is about to leave. */
  #killLater() {
    this.process.killLater(() => (this.#closedEarly = this.#owner.wantsTail()));
  }

  #die() {
    if (this.#isDead) return;
    this.#isDead = true;
    if (this.isReady) this.#owner.onDeath();
  }

  #finish({ code, signal, error }) {
    const neverReady = this.#endStart();
    if (this.#startCause !== null) this.#startError ??= this.#causedError(this.#startCause);
    else if (neverReady && error) this.#startError = spawnError(error, this.#options);
    else if (neverReady) this.#startError ??= this.#earlyExit({ code, signal });
    if (code === 0 || this.#closedEarly) this.failure ??= this.#cutShort;
    this.isOver = true;
    this.#lifeline?.destroy();
    this.#removeRemains();
    this.#owner.onExit({ code, signal }, this.#startError);
  }

  /** Somebody else's process may be ending still, its connection being the first to go. */
  #removeRemains() {
    const id = this.#socketId;
    if (id === undefined) return;
    const { script, socketPath } = this.#options;
    if (script !== null) removeRemains(socketPath, id);
    else setTimeout(() => removeRemains(socketPath, id), REMOTE_EXIT_GRACE).unref();
  }

  #earlyExit(exit) {
    return this.#options.script === null ? closedEarly() : earlyExitError(exit, this.process.tail);
  }

  #causedError(cause) {
    if (cause instanceof errors.HandshakeError) return cause;
    return this.#errorOfStart(`Worker failed to start: ${cause.message}`, cause);
  }

  /**
   * What its death is for a call.
   * @param {string} [type]
   * @param {{ attempt: number, maxAttempts: number }} [tries]
   * @param {boolean} [isLate] made when it was dead
   */
  crashError(type, tries, isLate) {
    const { exit, tail } = this.process;
    return crashError({
      exit: exit ?? undefined,
      failure: this.failure ?? undefined,
      closed: this.#closedEarly,
      type,
      tail,
      tries,
      isLate,
    });
  }
}

const isRefusal = (code) => code === 0 || (code <= STATUS.EBUSY && code >= STATUS.EUSER);

const closedEarly = () => startError('Worker closed the connection before it was ready', {});

module.exports = { Incarnation };
