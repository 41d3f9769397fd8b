'use strict';

const { BatchReader } = require('./batch-reader');
const native = require('./binding');
const { slicesOf } = require('./codec/record-writer');
const { TooLargeError, WorkerClosedError } = require('./errors');
const { HEADER_BYTES, TYPE } = require('./frames');
const { blockRecordOf, recordOf, sizeOf, sumOf, writeBlock } = require('./records');

const { words: WORD, ...AT } = native.layout;
const RECORD_WORDS = 8;
const REGION_RING = 1;
const NOTHING = Buffer.alloc(0);
const DEFINE = recordOf(TYPE.DEFINE, 0, 0, 0, 0, 0, false);
const alignUp = (bytes) => (bytes + 7) & ~7;
const MAX_SLICES = 64;
const MAX_COPIED = 16 * 1024; // of what is encoded already
const MIN_ROOM = 240; // of the region for a payload, before an encoder begins
/** How much more than the high-water mark may wait, times that mark. */
const HARD_CAP = 4;
const EARLY_RECORDS = 16; // of a tick: while the peer is awake it may begin with these
const CHUNK_BYTES = 32 * 1024 - HEADER_BYTES; // of a stream, that one record carries
const SLEEPY_RECORDS = 64; // where each hand-over costs a system call

/**
 * The sending half of a channel: values are encoded in place into the region that C lends, described
 * in a table, and handed over once per tick.
 */
class RecordSender extends BatchReader {
  #handle; // the native channel
  #words;
  #full; // whether what waits of a stream is over its mark, by slot
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
  #closed = false;
  #maxMessageBytes;
  /** The most that the peer takes in one message. */
  peerLimit = 0x7fffffff;
  highWaterBytes;
  highWaterMessages;
  messagesSent = 0;
  /** How often what was described has been handed over: until then isFull() does not know of it. */
  flushCount = 0;

  /**
   * @param {any} codec
   * @param {{ maxMessageBytes: number, spin: number,
   *   highWaterMark: { bytes: number, messages: number } }} options
   */
  constructor(codec, { maxMessageBytes, spin, highWaterMark }) {
    super(codec);
    this.#maxMessageBytes = maxMessageBytes;
    this.#earlyCount = spin > 0 ? EARLY_RECORDS : SLEEPY_RECORDS;
    this.highWaterBytes = highWaterMark.bytes;
    this.highWaterMessages = highWaterMark.messages;
  }

  /** @param {any} handle the native channel */
  sendThrough(handle) {
    const { block } = handle;
    this.#handle = handle;
    this.#words = new Uint32Array(block, 0, 32);
    this.#records = new Uint32Array(block, AT.records, AT.recordCount * RECORD_WORDS);
    this.#scratch = Buffer.from(block, AT.scratch, AT.scratchBytes);
    this.#full = new Uint8Array(block, AT.streamFull, AT.streamCount);
  }

  /** @param {ArrayBuffer} ring @param {boolean} isShared */
  useRing(ring, isShared) {
    this.#ring = Buffer.from(ring);
    this.#adoptRegion();
    if (!isShared) this.#earlyCount = SLEEPY_RECORDS;
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

  /** Whether some of what waits has not been tried to be sent. */
  get hasUnflushed() {
    return this.#words[WORD.RECORD_COUNT] > 0;
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

  /** Whether a payload is being encoded, and one of its getters asks: what that sends follows it. */
  get isEncoding() {
    return this.#encoding;
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
    const most = Math.min(this.#maxMessageBytes, this.peerLimit);
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
    this.#handOver();
  }

  #handOver() {
    this.flushCount++;
    native.flush(this.#handle);
    this.#adoptRegion();
  }

  /** As flush(), in the middle of a tick. */
  flushMidway() {
    if (!this.#closed && !this.#encoding) this.#handOver();
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

  /** Records are counted from here on, for those that are handed over early. */
  beginTick() {
    this.#nextEarly = this.#earlyCount;
  }

  /** Flush at the end of this tick, or when the batch that is being delivered returns. */
  schedule() {
    if (this.#scheduled || this.#words[WORD.IN_BATCH] === 1) return;
    this.#scheduled = true;
    process.nextTick(flushScheduled, this);
  }

  /** @returns {boolean} false: not now, a payload is being encoded */
  flush() {
    this.#scheduled = false;
    this.beginTick();
    if (this.#closed || this.#encoding) return false;
    this.#handOver();
    return true;
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

  // ---------------------------------------------------------------- streams

  /**
   * Not while a payload is being encoded.
   * @param {Buffer} name
   * @param {number} windowBytes
   * @param {number} windowMessages 0: of bytes
   * @returns {{ slot: number, generation: number } | null} null: too many are open
   */
  openStream(name, windowBytes, windowMessages) {
    if (this.#closed) throw new WorkerClosedError('Worker is closed');
    this.flush();
    const tooMany = native.openStream(this.#handle, name, windowBytes, windowMessages);
    this.#adoptRegion();
    if (tooMany === undefined) throw new WorkerClosedError('Worker is closed'); // it has just failed
    if (tooMany) return null;
    return { slot: this.#words[WORD.STREAM_SLOT], generation: this.#words[WORD.STREAM_GENERATION] };
  }

  acceptStream(slot, generation, windowBytes, windowMessages) {
    if (this.#closed) return;
    native.acceptStream(this.#handle, slot, generation, windowBytes, windowMessages);
    this.schedule();
  }

  /** Whether so much of a stream waits that no more should. */
  isFull(slot) {
    return !this.#closed && this.#full[slot] !== 0;
  }

  /** ENDs of streams that have not left yet, for what was sent before them has not. */
  get endsWaiting() {
    return this.#words[WORD.ENDS_WAITING];
  }

  /**
   * Send bytes on a stream, from `at` on.
   * @param {Buffer} bytes
   * @returns {number} where it stopped: before their end, when what waits in its lane is at the mark
   */
  writeBytes(slot, generation, bytes, at) {
    if (this.#encoding) {
      this.sendBytes(TYPE.DATA, 0, slot, generation, Buffer.from(bytes.subarray(at)));
      return bytes.length;
    }
    while (at < bytes.length) {
      this.#makeRoom(HEADER_BYTES + Math.min(bytes.length - at, CHUNK_BYTES));
      if (this.#bytes !== this.#ring) return this.#writeApart(slot, generation, bytes, at);
      const room = this.#limit - this.#position - HEADER_BYTES;
      const end = Math.min(bytes.length, at + Math.min(room, CHUNK_BYTES));
      bytes.copy(this.#bytes, this.#position + HEADER_BYTES, at, end);
      this.#describe(recordOf(TYPE.DATA, 0, 0, slot, generation, 0, false), end - at);
      at = end;
    }
    return at;
  }

  /** The ring is full, or records wait already. */
  #writeApart(slot, generation, bytes, at) {
    this.flush();
    const taken = native.writeStream(this.#handle, slot, generation, bytes.subarray(at));
    this.#adoptRegion();
    return at + (taken ?? bytes.length);
  }

  /** The reader of a stream is done with so much. */
  consumed(slot, generation, bytes, messages) {
    if (this.#closed) return;
    if (this.#encoding) {
      process.nextTick(() => this.consumed(slot, generation, bytes, messages));
      return;
    }
    this.#makeRoom(0);
    const at = this.#recordCount++ * RECORD_WORDS;
    const records = this.#records;
    records[at] = this.#position;
    records[at + 1] = bytes;
    records[at + 2] = TYPE.CREDIT;
    records[at + 3] = slot;
    records[at + 4] = generation;
    records[at + 5] = messages;
    this.#words[WORD.RECORD_COUNT] = this.#recordCount;
    this.schedule();
  }

  /** Nothing is sent from here on. */
  closeSender() {
    this.#closed = true;
    this.#words = Uint32Array.from(this.#words);
  }
}

function flushScheduled(sender) {
  sender.flush();
}

module.exports = { RecordSender, HARD_CAP };
