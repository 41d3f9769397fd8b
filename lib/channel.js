'use strict';

const native = require('./binding');
const { EVENT_WORDS } = require('./batch-reader');
const { ProtocolError } = require('./errors');
const { DRAIN, EVENT } = require('./frames');
const { RecordSender, HARD_CAP } = require('./record-sender');

const { counterIndex: COUNTER, counters: COUNTERS_AT } = native.layout;
const WINDOW_BYTES = 1024 * 1024;
const ALL_CODECS = 0xff;
const BATCH_MS = 1; // then timers and other I/O have their turn
const MAX_LOOK_STRIDE = 16;

/**
 * One end of a connection: values are encoded in place into the region that C lends, described in
 * a table, and handed over once per tick; what arrives is decoded once per batch.
 *
 * The listener has onOpen(transport), onEvent(kind, at) for start and control events,
 * onRequest(at), onCancel(at), onAnswer(kind, slot, at), onLate(at), onProgress(at), onEmitted(at),
 * onStream(end), onDrain(what), onEnd(code, rule).
 */
class Channel extends RecordSender {
  #handle; // the native channel
  #listener;
  #counters;
  /** @type {any} Streams, once there was one */
  #streams = null;
  /** @type {any} */
  #early = null; // onOpen came before the constructor knew its handle
  messagesReceived = 0;
  batchTime = 0; // when the batch that is being delivered came, epoch milliseconds

  /**
   * @param {object} about
   * @param {(options: object, callbacks: object) => any} about.open makes the native channel
   * @param {{ role: number, uuid: Uint8Array, maxMessageBytes: number, spin: number,
   *   highWaterMark: { bytes: number, messages: number } }} about.options spin in microseconds
   * @param {any} about.codec
   * @param {any} about.listener
   */
  constructor({ open, options, codec, listener }) {
    super(codec, options);
    const { role, uuid, maxMessageBytes, spin, highWaterMark } = options;
    this.#listener = listener;
    const callbacks = {
      onOpen: (ring, transport) => this.#onOpen(ring, transport),
      onBatch: (from, count) => this.#onBatch(from, count),
      onEnd: (code, rule) => listener.onEnd(code, rule),
    };
    const wanted = {
      role,
      uuid,
      codecs: ALL_CODECS,
      maxMessageBytes,
      windowBytes: WINDOW_BYTES,
      windowMessages: highWaterMark.messages,
      highWaterBytes: highWaterMark.bytes,
      highWaterMessages: highWaterMark.messages,
      spinMicroseconds: spin,
    };
    const handle = open(wanted, callbacks);
    this.#handle = handle;
    this.#counters = new Float64Array(handle.block, COUNTERS_AT, 16);
    this.readFrom(handle);
    this.sendThrough(handle);
    if (this.#early) this.#adoptRing(...this.#early);
  }

  #onOpen(ring, transport) {
    if (this.#handle === undefined) this.#early = [ring, transport];
    else this.#adoptRing(ring, transport);
  }

  #adoptRing(ring, transport) {
    this.useRing(ring, transport === 'shm');
    this.#listener.onOpen(transport);
  }

  // ---------------------------------------------------------------- streams

  /** Those that are open. Few channels have any. */
  get streams() {
    if (this.#streams === null) {
      const { Streams } = require('./streams');
      this.#streams = new Streams(this, (end) => this.#listener.onStream(end));
    }
    return this.#streams;
  }

  /** All streams are over, for this reason. @param {Error} error @param {boolean} isAsked here */
  endStreams(error, isAsked) {
    this.#streams?.endAll(error, isAsked);
  }

  /** Resolves when what either end has ended is read, or sent. */
  async finishStreams() {
    await this.#streams?.finished();
  }

  // ---------------------------------------------------------------- receiving

  #onBatch(from, count) {
    const done = this.#deliver(from, count);
    this.#streams?.deliver();
    return done;
  }

  /** @returns {number} how many of the table are done with: the loop is to turn after BATCH_MS */
  #deliver(from, count) {
    this.beginTick();
    this.batchTime = Date.now();
    let look = from + 1; // where to look at the clock, less and less often
    for (let i = from; i < count && !this.isClosed; i++) {
      if (i === look) {
        if (Date.now() - this.batchTime > BATCH_MS) return i;
        look += Math.min(look - from, MAX_LOOK_STRIDE);
      }
      try {
        this.#onEvent(i * EVENT_WORDS);
      } catch (error) {
        throwLater(error);
      }
    }
    return count;
  }

  #onEvent(at) {
    const kind = this.kind(at);
    switch (kind) {
      case EVENT.REQUEST:
        this.messagesReceived++;
        this.#listener.onRequest(at);
        return;
      case EVENT.RESPONSE:
      case EVENT.ERROR:
        this.messagesReceived++;
        this.#listener.onAnswer(kind, this.slot(at), at);
        return;
      case EVENT.PONG:
      case EVENT.TIMEOUT:
        this.#listener.onAnswer(kind, this.slot(at), at);
        return;
      case EVENT.DEFINE:
        this.#define(at);
        return;
      case EVENT.EVENT:
        this.messagesReceived++;
        this.#listener.onEmitted(at);
        return;
      case EVENT.PROGRESS:
        this.messagesReceived++;
        this.#listener.onProgress(at);
        return;
      case EVENT.CANCEL:
        this.#listener.onCancel(at);
        return;
      case EVENT.LATE:
        this.#listener.onLate(at);
        return;
      case EVENT.DRAIN:
        if (this.value(at) & DRAIN.ENDS) this.streams.onEndsSent();
        this.#listener.onDrain(this.value(at));
        return;
      case EVENT.OPEN:
      case EVENT.ACCEPT:
      case EVENT.DATA:
      case EVENT.END:
      case EVENT.RESET:
      case EVENT.WRITABLE:
        this.streams.onEvent(kind, at);
        return;
      case EVENT.HELLO:
        this.peerLimit = native.peerLimit(this.#handle);
        this.#listener.onEvent(kind, at);
        return;
      default:
        this.#listener.onEvent(kind, at);
    }
  }

  #define(at) {
    try {
      this.readPayload(at, (bytes, start, end) => this.codec.define(bytes, start, end));
    } catch (error) {
      const cause =
        error instanceof ProtocolError ? error : new ProtocolError(error.message, { cause: error });
      this.#listener.onProtocolError(cause);
    }
  }

  /** The peer's uuid in hexadecimal digits. */
  get peerUuid() {
    return Buffer.from(native.peerUuid(this.#handle)).toString('hex');
  }

  /** Of the protocol, as the peer's HELLO named it. */
  get peerVersion() {
    return native.peerVersion(this.#handle);
  }

  // ---------------------------------------------------------------- ending

  readRest() {
    if (!this.isClosed) native.readRest(this.#handle);
  }

  /** Block until what was sent has left this process, at most `timeout` milliseconds. */
  drain(timeout) {
    if (this.isClosed || !this.flush()) return;
    native.drain(this.#handle, timeout);
  }

  setRef(ref) {
    if (!this.isClosed) native.setRef(this.#handle, ref);
  }

  close() {
    if (this.isClosed) return;
    this.closeSender();
    this.#counters = Float64Array.from(this.#counters);
    native.close(this.#handle);
  }

  counter(name) {
    return this.#counters[COUNTER[name]];
  }
}

/** What a listener throws is not to lose what comes behind. @param {unknown} error */
function throwLater(error) {
  process.nextTick(rethrow, error);
}

function rethrow(error) {
  throw error;
}

module.exports = { Channel, HARD_CAP, throwLater };
