'use strict';

const native = require('./binding');
const { slicesOf } = require('./codec/record-writer');
const { ProtocolError, TooLargeError, WorkerClosedError } = require('./errors');
const { readName } = require('./event-names');
const { DEADLINE_BYTES, EVENT, FLAG, HEADER_BYTES, NEVER, TYPE } = require('./frames');

const { words: WORD, counterIndex: COUNTER, ...AT } = native.layout;
const RECORD_WORDS = 8;
const REGION_RING = 1;
const NOTHING = Buffer.alloc(0);
const alignUp = (bytes) => (bytes + 7) & ~7;
const MAX_SLICES = 64;
const HARD_CAP = 4; // times the high-water mark
const EARLY_RECORDS = 16; // of a tick: while the peer is awake it may begin with these
const SLEEPY_RECORDS = 64; // where each hand-over costs a system call

/**
 * One end of a connection: values are encoded in place into the region that C lends, described in
 * a table, and handed over once per tick; what arrives is decoded once per batch.
 *
 * The listener has onOpen(transport), onEvent(kind, at) for start and control events,
 * onRequest(...), onAnswer(...), onDrain(what), onEnd(code, rule).
 */
class Channel {
  #handle; // the native channel
  #listener;
  #codec;
  #words;
  #counters;
  #records;
  #events;
  #inbox;
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

  constructor({ open, options, codec, listener }) {
    this.#listener = listener;
    this.#codec = codec;
    this.#maxMessageBytes = options.maxMessageBytes;
    this.#earlyCount = options.spinMicroseconds > 0 ? EARLY_RECORDS : SLEEPY_RECORDS;
    this.highWaterBytes = options.highWaterBytes;
    this.highWaterMessages = options.highWaterMessages;
    const callbacks = {
      onOpen: (ring, transport) => this.#onOpen(ring, transport),
      onBatch: (count) => this.#onBatch(count),
      onEnd: (code, rule) => listener.onEnd(code, rule),
    };
    this.#handle = open(options, callbacks);
    this.#mapBlock(this.#handle.block);
    if (this.#early) this.#adoptRing(...this.#early);
  }

  #mapBlock(block) {
    this.#words = new Uint32Array(block, 0, 32);
    this.#counters = new Float64Array(block, AT.counters, 16);
    this.#records = new Uint32Array(block, AT.records, AT.recordCount * RECORD_WORDS);
    this.#events = new Uint32Array(block, AT.events, AT.eventCount * 8);
    this.#scratch = Buffer.from(block, AT.scratch, AT.scratchBytes);
    this.#inbox = Buffer.from(block, AT.inbox, AT.inboxBytes);
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

  get codec() {
    return this.#codec;
  }

  /** The worker follows the host's codec. */
  set codec(codec) {
    this.#codec = codec;
  }

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
    const head = tellTimeout ? HEADER_BYTES + DEADLINE_BYTES : HEADER_BYTES;
    if (tellTimeout) flags |= FLAG.EXT;
    const word = type | (method << 16);
    this.#sendRecord({ word, flags, slot, generation, timeout, head, block: null }, value);
  }

  /** As send(). @param {Buffer} block the name (P4.16) */
  sendEvent(block, value) {
    if (this.#closed) throw new WorkerClosedError('Worker is closed');
    const head = HEADER_BYTES + block.length;
    const about = { word: TYPE.EVENT, flags: 0, slot: 0, generation: 0, timeout: 0 };
    this.#sendRecord({ ...about, head, block }, value);
  }

  #sendRecord(record, value) {
    if (value === undefined) return this.#sendEmpty(record);
    if (this.#encoding) return this.#postpone(record, value);
    this.#makeRoom(record.head);
    this.#encodeInRegion(record, value);
  }

  #sendEmpty(record) {
    if (this.#encoding) return void this.#postponed.push({ record, slices: [] });
    this.#makeRoom(record.head);
    this.#describe(record, 0);
  }

  /** C flushes behind a batch, and may move the region whenever nothing is stored. */
  #makeRoom(head) {
    if (this.#words[WORD.RECORD_COUNT] === 0) this.#adoptRegion();
    const isShort = this.#limit - this.#position < 256 + head;
    if (isShort || this.#recordCount >= AT.recordCount - 8) this.flush();
  }

  #encodeInRegion(record, value) {
    const { encoder } = this.#codec;
    const bytes = this.#bytes;
    const from = this.#position + record.head;
    let end;
    this.#encoding = true;
    try {
      const encoded = encoder.encode(bytes, from, this.#limit, value);
      this.#checkSize(record, encoder, encoded);
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
  #checkSize(record, { start, segments }, end) {
    const bytes = record.head - HEADER_BYTES + end - start + (segments ? sumOf(segments) : 0);
    const most = Math.min(this.#maxMessageBytes, this.#peerLimit);
    if (bytes > most)
      throw new TooLargeError(`a message of ${bytes} bytes is over maxMessageBytes (${most})`);
  }

  /** The payload stands in the region, `length` bytes behind the record's head. */
  #describe(record, length) {
    const at = this.#recordCount++ * RECORD_WORDS;
    const records = this.#records;
    if (record.head > HEADER_BYTES)
      this.#writeBlock(this.#bytes, this.#position + HEADER_BYTES, record);
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

  #writeBlock(bytes, at, { block, timeout }) {
    if (block !== null) return void block.copy(bytes, at);
    bytes.writeUInt16LE(DEADLINE_BYTES, at);
    bytes[at + 2] = 1;
    bytes[at + 3] = 4;
    bytes.writeUInt32LE(timeout || NEVER, at + 4);
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

  #sendEncoded(record, encoded, length) {
    if (this.#encoding) {
      this.#postponed.push({ record, slices: [encoded] });
      return;
    }
    this.#sendSlices(record, length > 0 ? [encoded] : []);
  }

  /** Bytes that are encoded already, such as an error's. */
  sendBytes(type, flags, slot, generation, encoded) {
    if (this.#closed) return;
    const about = { word: type, flags, slot, generation };
    const record = { ...about, timeout: 0, head: HEADER_BYTES, block: null };
    this.#sendEncoded(record, encoded, encoded.length);
  }

  /** Give up a call: withdrawn if it has not left, else the peer is told (P4.14). */
  cancel(slot, generation) {
    if (this.#closed) return;
    const about = { word: TYPE.CANCEL, flags: 0, slot, generation };
    this.#sendEmpty({ ...about, timeout: 0, head: HEADER_BYTES, block: null });
  }

  #sendSlices(record, slices) {
    this.flush();
    if (record.head > HEADER_BYTES) {
      const block = Buffer.alloc(record.head - HEADER_BYTES);
      this.#writeBlock(block, 0, record);
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
    const encoder = this.#codec.nestedEncoder();
    const end = encoder.encode(NOTHING, 0, 0, value);
    this.#checkSize(record, encoder, end);
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

  #onBatch(count) {
    this.#nextEarly = this.#earlyCount;
    this.batchTime = Date.now();
    for (let i = 0; i < count && !this.#closed; i++) {
      try {
        this.#onEvent(i * 8);
      } catch (error) {
        process.nextTick(rethrow, error);
      }
    }
  }

  #onEvent(at) {
    const events = this.#events;
    const kind = events[at];
    switch (kind) {
      case EVENT.REQUEST:
        this.messagesReceived++;
        this.#listener.onRequest(at);
        return;
      case EVENT.RESPONSE:
      case EVENT.ERROR:
        this.messagesReceived++;
        this.#listener.onAnswer(kind, events[at + 1], at);
        return;
      case EVENT.PONG:
      case EVENT.TIMEOUT:
        this.#listener.onAnswer(kind, events[at + 1], at);
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
      case EVENT.DRAIN:
        this.#listener.onDrain(events[at + 7]);
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
      this.#withPayload(at, (bytes, start, end) => this.#codec.define(bytes, start, end));
    } catch (error) {
      const cause =
        error instanceof ProtocolError ? error : new ProtocolError(error.message, { cause: error });
      this.#listener.onProtocolError(cause);
    }
  }

  #withPayload(at, read) {
    const events = this.#events;
    const start = events[at + 4];
    const end = start + events[at + 5];
    const bulk = events[at + 6];
    if (bulk === 0) return read(this.#inbox, start, end, false);
    return read(Buffer.from(native.takeBulk(this.#handle, bulk)), start, end, true);
  }

  /** The value that the event carries. Throws ProtocolError, or what a user's serializer throws. */
  payload(at) {
    const id = (this.#events[at + 3] >>> 8) & 7;
    if (this.#events[at + 6] === 0) {
      const start = this.#events[at + 4];
      return this.#codec.decode(id, this.#inbox, start, start + this.#events[at + 5], false);
    }
    return this.#withPayload(at, (bytes, start, end, owned) =>
      this.#codec.decode(id, bytes, start, end, owned),
    );
  }

  /** An event's name, and what decodes its data: read(name, decode). Valid until that returns. */
  readEvent(at, read) {
    const id = (this.#events[at + 3] >>> 8) & 7;
    this.#withPayload(at, (bytes, start, end, owned) => {
      const name = readName(bytes, start, this.value(at));
      read(name, () => this.#codec.decode(id, bytes, start, end, owned));
    });
  }

  /** Its bytes read by `read(bytes, start, end)`, valid until that returns. */
  readPayload(at, read) {
    return this.#withPayload(at, read);
  }

  /** Of the protocol, as the peer's HELLO named it. */
  get peerVersion() {
    return native.peerVersion(this.#handle);
  }

  slot(at) {
    return this.#events[at + 1];
  }

  generation(at) {
    return this.#events[at + 2];
  }

  flags(at) {
    return (this.#events[at + 3] >>> 8) & 0xff;
  }

  method(at) {
    return this.#events[at + 3] >>> 16;
  }

  value(at) {
    return this.#events[at + 7];
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

const DEFINE = {
  word: TYPE.DEFINE,
  flags: 0,
  slot: 0,
  generation: 0,
  timeout: 0,
  head: HEADER_BYTES,
  block: null,
};

function sumOf(slices) {
  let sum = 0;
  for (const slice of slices) if (typeof slice !== 'number') sum += slice.length;
  return sum;
}

function flushScheduled(channel) {
  channel.flush();
}

function rethrow(error) {
  throw error;
}

module.exports = { Channel };
