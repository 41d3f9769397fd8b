'use strict';

const native = require('./binding');
const { BatchReader } = require('./batch-reader');
const { slicesOf } = require('./codec/record-writer');
const { ProtocolError, TooLargeError, WorkerClosedError } = require('./errors');
const { EVENT, HEADER_BYTES, TYPE } = require('./frames');
const { blockRecordOf, recordOf, sizeOf, sumOf, writeBlock } = require('./records');

const { words: WORD, counterIndex: COUNTER, ...AT } = native.layout;
const RECORD_WORDS = 8;
const REGION_RING = 1;
const NOTHING = Buffer.alloc(0);
const DEFINE = recordOf(TYPE.DEFINE, 0, 0, 0, 0, 0, false);
const alignUp = (bytes) => (bytes + 7) & ~7;
const MAX_SLICES = 64;
const MAX_COPIED = 16 * 1024; // of what is encoded already
const MIN_ROOM = 240; // of the region for a payload, before an encoder begins
const WINDOW_BYTES = 1024 * 1024;
const ALL_CODECS = 0xff;
/** How much more than the high-water mark may wait, times that mark. */
const HARD_CAP = 4;
const EARLY_RECORDS = 16; // of a tick: while the peer is awake it may begin with these
const BATCH_MS = 1; // then timers and other I/O have their turn
const MAX_LOOK_STRIDE = 16;
const SLEEPY_RECORDS = 64; // where each hand-over costs a system call

/**
 * One end of a connection: values are encoded in place into the region that C lends, described in
 * a table, and handed over once per tick; what arrives is decoded once per batch.
 *
 * The listener has onOpen(transport), onEvent(kind, at) for start and control events,
 * onRequest(at), onCancel(at), onAnswer(kind, slot, at), onLate(at), onProgress(at), onEmitted(at),
 * onDrain(what), onEnd(code, rule).
 */
class Channel extends BatchReader {
  #handle; // the native channel
  #listener;
  #words;
  #counters;
  #records;
  #scratch;
  #ring = NOTHING;
  #bytes = NOTHING; // of the region: #ring or #scratch
  #position = 0; // where the next record begins
  #regionStart = 0;
  #limit = 0;
  #recordCount = 0;
  #earlyCount; // records that are handed over before the tick ends: these, then twice as many
  #nextEarly = SLEEPY_RECORDS;
  #scheduled = false;
  #encoding = false;
  #postponed = []; // records made while another was being encoded
  /** @type {any} */
  #early = null; // onOpen came before the constructor knew its handle
  #closed = false;
  #peerLimit = 0x7fffffff;
  #maxMessageBytes;
  highWaterBytes;
  highWaterMessages;
  messagesSent = 0;
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
    super(codec);
    const { role, uuid, maxMessageBytes, spin, highWaterMark } = options;
    this.#listener = listener;
    this.#maxMessageBytes = maxMessageBytes;
    this.#earlyCount = spin > 0 ? EARLY_RECORDS : SLEEPY_RECORDS;
    this.highWaterBytes = highWaterMark.bytes;
    this.highWaterMessages = highWaterMark.messages;
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
    this.#handle = open(wanted, callbacks);
    this.readFrom(this.#handle);
    this.#mapBlock(this.#handle.block);
    if (this.#early) this.#adoptRing(...this.#early);
  }

  #mapBlock(block) {
    this.#words = new Uint32Array(block, 0, 32);
    this.#counters = new Float64Array(block, AT.counters, 16);
    this.#records = new Uint32Array(block, AT.records, AT.recordCount * RECORD_WORDS);
    this.#scratch = Buffer.from(block, AT.scratch, AT.scratchBytes);
  }

  #onOpen(ring, transport) {
    if (this.#handle === undefined) this.#early = [ring, transport];
    else this.#adoptRing(ring, transport);
  }

  #adoptRing(ring, transport) {
    this.#ring = Buffer.from(ring);
    this.#adoptRegion();
    if (transport !== 'shm') this.#earlyCount = SLEEPY_RECORDS;
    this.#listener.onOpen(transport);
  }

  #adoptRegion() {
    const words = this.#words;
    const kind = words[WORD.REGION_KIND];
    this.#bytes = kind === REGION_RING ? this.#ring : this.#scratch;
    this.#position = this.#regionStart = words[WORD.REGION_START];
    this.#limit = words[WORD.REGION_LIMIT];
    this.#recordCount = 0;
  }

  // ---------------------------------------------------------------- sending

  /** Bytes accepted and not yet in the ring. */
  get queuedBytes() {
    if (this.#words[WORD.RECORD_COUNT] === 0) return this.#words[WORD.HELD_BYTES];
    return this.#words[WORD.HELD_BYTES] + this.#position - this.#regionStart;
  }

  /**
   * As queuedBytes, without requests that wait for messages of credit: answers must not wait for
   * those, or two ends that ask each other wait for ever (P5.8).
   */
  get laneBytes() {
    if (this.#words[WORD.RECORD_COUNT] === 0) return this.#words[WORD.LANE_BYTES];
    return this.#words[WORD.LANE_BYTES] + this.#position - this.#regionStart;
  }

  get queuedRecords() {
    return this.#words[WORD.HELD_RECORDS] + this.#words[WORD.RECORD_COUNT];
  }

  /** Whether more waits than a high-water mark says. */
  get isOverMark() {
    return this.queuedBytes > this.highWaterBytes || this.queuedRecords > this.highWaterMessages;
  }

  /** Whether nothing more may wait, for those who can be told to wait themselves. */
  get isOverCap() {
    return (
      this.queuedBytes >= HARD_CAP * this.highWaterBytes ||
      this.queuedRecords >= HARD_CAP * this.highWaterMessages
    );
  }

  /** Whether one may send at all. */
  get isClosed() {
    return this.#closed;
  }

  /**
   * Encode a value as the payload of one record. Throws SerializationError or TooLargeError, and
   * nothing has been sent then.
   * @param {number} timeout milliseconds, 0 for none
   * @param {boolean} tellTimeout also tell the peer
   */
  send(type, flags, method, slot, generation, timeout, tellTimeout, value) {
    if (this.#closed) throw new WorkerClosedError('Worker is closed');
    this.#sendRecord(recordOf(type, flags, method, slot, generation, timeout, tellTimeout), value);
  }

  /**
   * As send(), of a record with a block before its payload.
   * @param {Buffer} block extension (P2.6) or, of an EVENT, its name (P4.16)
   */
  sendWithBlock(type, flags, method, slot, generation, timeout, block, value) {
    if (this.#closed) throw new WorkerClosedError('Worker is closed');
    const record = blockRecordOf(type, flags, method, slot, generation, timeout, block);
    if (value === undefined) this.#checkSize(record, 0);
    this.#sendRecord(record, value);
  }

  #sendRecord(record, value) {
    if (value === undefined) return this.#sendEmpty(record);
    if (this.#encoding) return this.#postpone(record, value);
    this.#makeRoom(record.head + MIN_ROOM);
    return this.#encodeInRegion(record, value);
  }

  #sendEmpty(record) {
    if (this.#encoding) return void this.#postponed.push({ record, slices: [] });
    this.#makeRoom(record.head);
    // The rest of a ring may be shorter than a long block.
    if (this.#limit - this.#position < record.head) this.#sendSlices(record, []);
    else this.#describe(record, 0);
    return undefined;
  }

  /** So many bytes of the region, unless it has fewer. */
  #makeRoom(bytes) {
    // C flushes behind a batch, and may move the region whenever nothing is stored.
    if (this.#words[WORD.RECORD_COUNT] === 0) this.#adoptRegion();
    if (this.#limit - this.#position < bytes || this.#recordCount >= AT.recordCount - 8)
      this.flush();
  }

  /**
   * Send what a PayloadKeeper has encoded; otherwise as sendWithBlock().
   * @param {Buffer | null} block
   * @param {import('./kept-payload').KeptPayload} payload is not kept
   */
  sendKept(type, flags, method, slot, generation, timeout, block, payload) {
    if (this.#closed) throw new WorkerClosedError('Worker is closed');
    flags |= payload.codecId;
    const record =
      block === null
        ? recordOf(type, flags, method, slot, generation, timeout, false)
        : blockRecordOf(type, flags, method, slot, generation, timeout, block);
    this.#checkSize(record, payload.bytes);
    if (this.#encoding) this.#postponed.push({ record, slices: payload.slices });
    else if (payload.bytes > MAX_COPIED) this.#sendSlices(record, payload.slices);
    else this.#copyToRegion(record, payload);
  }

  #copyToRegion(record, { slices, bytes }) {
    const room = alignUp(record.head + bytes);
    this.#makeRoom(room);
    if (this.#limit - this.#position < room) return this.#sendSlices(record, slices);
    let at = this.#position + record.head;
    for (const slice of slices) {
      this.#bytes.set(slice, at);
      at += slice.length;
    }
    return this.#describe(record, bytes);
  }

  #encodeInRegion(record, value) {
    const { encoder } = this.codec;
    const bytes = this.#bytes;
    const from = this.#position + record.head;
    let end;
    this.#encoding = true;
    try {
      const encoded = encoder.encode(bytes, from, this.#limit, value);
      this.#checkSize(record, sizeOf(encoder, encoded));
      end = encoded;
    } finally {
      this.#encoding = false;
      if (end === undefined) this.#refused(encoder);
    }
    if (this.#closed) throw new WorkerClosedError('Worker was closed while a payload was encoded');
    record.flags |= encoder.codecId;
    const definitions = encoder.takeDefinitions(); // not before the checks: they are never lost
    if (encoder.bytes === bytes && definitions === null) {
      this.#describe(record, end - from);
    } else {
      this.#sendApart(record, encoder, end, definitions);
    }
    if (this.#postponed.length > 0) this.#sendPostponed();
  }

  /** What its getters have sent goes out all the same, and nothing of the value is kept. */
  #refused(encoder) {
    encoder.release();
    if (this.#postponed.length > 0) this.#sendPostponed();
  }

  /** A message is its extension block and its payload (P4.6). */
  #checkSize(record, payloadBytes) {
    const bytes = record.head - HEADER_BYTES + payloadBytes;
    const most = Math.min(this.#maxMessageBytes, this.#peerLimit);
    if (bytes > most)
      throw new TooLargeError(`a message of ${bytes} bytes is over maxMessageBytes (${most})`);
  }

  /** The payload stands in the region, `length` bytes behind the record's head. */
  #describe(record, length) {
    const at = this.#recordCount++ * RECORD_WORDS;
    const records = this.#records;
    if (record.head > HEADER_BYTES) writeBlock(this.#bytes, this.#position + HEADER_BYTES, record);
    const body = record.head - HEADER_BYTES + length;
    records[at] = this.#position;
    records[at + 1] = body;
    records[at + 2] = record.word | (record.flags << 8);
    records[at + 3] = record.slot;
    records[at + 4] = record.generation;
    records[at + 5] = record.timeout;
    this.#position = alignUp(this.#position + HEADER_BYTES + body);
    this.#words[WORD.RECORD_COUNT] = this.#recordCount;
    this.messagesSent++;
    if (this.#recordCount < this.#nextEarly) this.schedule();
    else this.#flushEarly();
  }

  /** Both ends work at once; twice as many each time, for the end may cost a wake-up each time. */
  #flushEarly() {
    this.#nextEarly *= 2;
    native.flush(this.#handle);
    this.#adoptRegion();
  }

  /** A record that outgrew the region, or that needs shapes of its own defined first. */
  #sendApart(record, encoder, end, definitions) {
    const inPlace = encoder.bytes === this.#bytes;
    const encoded = encoder.bytes.subarray(encoder.start, end);
    const slices = slicesOf(inPlace ? Buffer.from(encoded) : encoded, encoder.segments);
    for (const definition of definitions ?? []) this.#sendSlices(DEFINE, [definition]);
    this.#sendSlices(record, slices);
    encoder.release();
  }

  /** Bytes that are encoded already, such as an error's. */
  sendBytes(type, flags, slot, generation, encoded) {
    if (this.#closed) return;
    const record = recordOf(type, flags, 0, slot, generation, 0, false);
    const slices = encoded.length > 0 ? [encoded] : [];
    if (this.#encoding) this.#postponed.push({ record, slices });
    else this.#sendSlices(record, slices);
  }

  /** Give up a call: withdrawn if it has not left, else the peer is told (P4.14). */
  cancel(slot, generation) {
    if (this.#closed) return;
    this.#sendEmpty(recordOf(TYPE.CANCEL, 0, 0, slot, generation, 0, false));
  }

  /** From now on the listener hears of answers to calls that were given up: onLate(at). */
  tellLate() {
    if (!this.#closed) native.tellLate(this.#handle);
  }

  /** Whether that call has left, so that its answer comes though it may be given up. */
  isSent(slot, generation) {
    if (this.#closed) return false;
    this.flush();
    return native.isSent(this.#handle, slot, generation);
  }

  #sendSlices(record, slices) {
    this.flush();
    if (record.head > HEADER_BYTES) {
      const block = Buffer.alloc(record.head - HEADER_BYTES);
      writeBlock(block, 0, record);
      slices = [block, ...slices];
    }
    if (slices.length > MAX_SLICES) slices = [Buffer.concat(slices)];
    const records = this.#records;
    records[1] = sumOf(slices);
    records[2] = record.word | (record.flags << 8);
    records[3] = record.slot;
    records[4] = record.generation;
    records[5] = record.timeout;
    native.sendSlices(this.#handle, slices);
    this.#adoptRegion();
    if (record !== DEFINE) this.messagesSent++;
  }

  /** A getter of the payload being encoded sends: its record follows the outer one. */
  #postpone(record, value) {
    const encoder = this.codec.nestedEncoder();
    const end = encoder.encode(NOTHING, 0, 0, value);
    this.#checkSize(record, sizeOf(encoder, end));
    record.flags |= encoder.codecId;
    const encoded = Buffer.from(encoder.bytes.subarray(encoder.start, end));
    const slices = slicesOf(encoded, encoder.segments).map((slice) => Buffer.from(slice));
    this.#postponed.push({ record, slices });
  }

  #sendPostponed() {
    const postponed = this.#postponed;
    this.#postponed = [];
    if (this.#closed) return;
    for (const { record, slices } of postponed) this.#sendSlices(record, slices);
  }

  /** Flush at the end of this tick, or when the batch that is being delivered returns. */
  schedule() {
    if (this.#scheduled || this.#words[WORD.IN_BATCH] === 1) return;
    this.#scheduled = true;
    process.nextTick(flushScheduled, this);
  }

  flush() {
    this.#scheduled = false;
    this.#nextEarly = this.#earlyCount;
    if (this.#closed || this.#encoding) return;
    native.flush(this.#handle);
    this.#adoptRegion();
  }

  settleOneWay() {
    this.#words[WORD.SETTLED]++;
    this.schedule();
  }

  ping(slot, generation, timeout) {
    this.flush(); // the slot may be that of a call whose CANCEL has not been handed over
    native.ping(this.#handle, slot, generation, timeout);
    this.schedule();
  }

  goaway(reason) {
    if (this.#closed) return;
    native.goaway(this.#handle, reason);
    this.flush();
  }

  /** @param {number} what DRAIN.ALL or DRAIN.LANE */
  wantDrain(what) {
    if (!this.#closed) native.wantDrain(this.#handle, what);
  }

  // ---------------------------------------------------------------- receiving

  /** @returns {number} how many of the table are done with: the loop is to turn after BATCH_MS */
  #onBatch(from, count) {
    this.#nextEarly = this.#earlyCount;
    this.batchTime = Date.now();
    let look = from + 1; // where to look at the clock, less and less often
    for (let i = from; i < count && !this.#closed; i++) {
      if (i === look) {
        if (Date.now() - this.batchTime > BATCH_MS) return i;
        look += Math.min(look - from, MAX_LOOK_STRIDE);
      }
      try {
        this.#onEvent(i * 8);
      } catch (error) {
        process.nextTick(rethrow, error);
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
        this.#listener.onDrain(this.value(at));
        return;
      case EVENT.HELLO:
        this.#peerLimit = native.peerLimit(this.#handle);
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
    if (!this.#closed) native.readRest(this.#handle);
  }

  /** Block until what was sent has left this process, at most `timeout` milliseconds. */
  drain(timeout) {
    if (this.#closed || this.#encoding) return;
    this.flush();
    native.drain(this.#handle, timeout);
  }

  setRef(ref) {
    if (!this.#closed) native.setRef(this.#handle, ref);
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#counters = Float64Array.from(this.#counters);
    this.#words = Uint32Array.from(this.#words);
    native.close(this.#handle);
  }

  counter(name) {
    return this.#counters[COUNTER[name]];
  }
}

function flushScheduled(channel) {
  channel.flush();
}

function rethrow(error) {
  throw error;
}

module.exports = { Channel, HARD_CAP };
