'use strict';

const { decodeError, encodeError } = require('./error-frames');
const { EVENT, TYPE } = require('./frames');
const { STRUCTURED } = require('./start-frames');
const { StreamOwner } = require('./stream-owner');

const MAX_CHUNK_BYTES = 64 * 1024; // that a reader is given
const MAX_LOT = 64; // messages whose credit returns together
const NOTHING = Buffer.alloc(0);
const NOBODY = new StreamOwner();

/** @typedef {{ bytes: number, messages: number }} Windows what may come and be unread */

/**
 * One end of a stream (P11.1). What it reads goes to its owner, once per batch.
 */
class StreamEnd {
  #channel;
  #isOurEndSaid = false;
  #isTheirEndSaid = false;
  #isEndTold = false;
  /** @type {any[]} that came in this batch */
  #chunks = [];
  #inbox = NOTHING;
  /** @type {number[]} start and end in the inbox, of bytes that came in this batch */
  #places = [];
  #placed = 0; // bytes
  #cost = 0; // of the window, of what is in no lot yet
  /** @type {{ units: number, cost: number }[]} delivered and unread, oldest first */
  #lots = [];
  #delivered = 0; // units: messages, or bytes
  #returned = 0; // likewise, of lots that are gone
  /** @type {Error | null | undefined} of the peer's RESET; null: it had none */
  #resetBy;
  /** @type {Error | null} a message that cannot be read */
  #failure = null;
  #isWritable = false; // since this batch
  #mostUnflushed; // units: messages, or bytes
  #unflushed = 0; // that were sent since #flushCount
  #flushCount = 0; // of the channel
  isOver = false;
  /**
   * Of the same slot, which was free again while the last of this one's events were not delivered.
   * @type {StreamEnd | undefined}
   */
  older;
  isTouched = false; // in this batch
  /** @type {StreamOwner} */
  owner = NOBODY;
  #streams;

  /**
   * @param {import('./streams').Streams} streams
   * @param {any} channel
   * @param {{ slot: number, generation: number, name: string, isOfMessages: boolean }} about
   * @param {Windows} [windows] of a stream that this end has opened
   */
  constructor(streams, channel, { slot, generation, name, isOfMessages }, windows) {
    this.#streams = streams;
    this.#channel = channel;
    this.slot = slot;
    this.generation = generation;
    this.name = name;
    this.isOfMessages = isOfMessages;
    this.#mostUnflushed = windows === undefined ? 1 : this.#shareOf(windows);
  }

  /** What may be sent before one looks whether it has left. */
  #shareOf({ bytes, messages }) {
    return Math.ceil((this.isOfMessages ? messages : bytes) / 2);
  }

  /** What comes is for this reader. @param {import('./stream-reader').StreamReader} reader */
  adopt(reader) {
    this.owner = reader;
    this.#streams.readers.add(reader);
  }

  /** It has ended. @param {import('./stream-reader').StreamReader} reader */
  release(reader) {
    this.#streams.readers.delete(reader);
  }

  /** @param {Windows} windows of a stream that the peer has opened */
  accept(windows) {
    this.#mostUnflushed = this.#shareOf(windows);
    this.#channel.acceptStream(this.slot, this.generation, windows.bytes, windows.messages);
  }

  // ---------------------------------------------------------------- sending

  /** Whether nothing may be sent before onWritable(), or any more. */
  get isBehind() {
    return this.#channel.isClosed || this.#channel.isFull(this.slot);
  }

  /** A message. Throws SerializationError or TooLargeError, and nothing has been sent then. */
  send(value) {
    if (this.isOver) return;
    this.#channel.send(TYPE.DATA, 0, 0, this.slot, this.generation, 0, false, value);
    this.#onSent(1);
  }

  /**
   * @param {Buffer} bytes
   * @param {number} at
   * @returns {number} where it stopped: before their end, to go on when it is not behind
   */
  write(bytes, at) {
    if (this.isOver) return bytes.length;
    const part = bytes.subarray(0, at + this.#mostUnflushed);
    const end = this.#channel.writeBytes(this.slot, this.generation, part, at);
    this.#onSent(end - at);
    return end;
  }

  /** What a tick sends is not to grow past the window. */
  #onSent(units) {
    const channel = this.#channel;
    if (this.#flushCount !== channel.flushCount) this.#unflushed = 0;
    this.#flushCount = channel.flushCount;
    this.#unflushed += units;
    if (this.#unflushed >= this.#mostUnflushed) channel.flushMidway();
  }

  /** No more is sent. */
  end() {
    if (this.isOver || this.#isOurEndSaid || this.#channel.isClosed) return;
    this.#isOurEndSaid = true;
    this.#channel.send(TYPE.END, 0, 0, this.slot, this.generation, 0, false, undefined);
    this.#checkOver();
  }

  /** Both directions are over at once, unless they are. @param {unknown} [error] told to the peer */
  reset(error) {
    if (this.isOver) return;
    this.#finish();
    const payload = error === undefined || error === null ? NOTHING : encodeError(error);
    const flags = payload === NOTHING ? 0 : STRUCTURED;
    this.#channel.sendBytes(TYPE.RESET, flags, this.slot, this.generation, payload);
    this.#channel.schedule();
  }

  #checkOver() {
    if (this.#isOurEndSaid && this.#isTheirEndSaid) this.#finish();
  }

  #finish() {
    this.isOver = true;
    this.#chunks = [];
    this.#places = [];
    this.#streams.remove(this);
  }

  // ---------------------------------------------------------------- receiving

  /** In a batch; deliver() follows at its end. */
  receive(kind, at) {
    if (kind === EVENT.DATA) this.#onData(at);
    else if (kind === EVENT.END) this.#isTheirEndSaid = true;
    else if (kind === EVENT.WRITABLE) this.#isWritable = true;
    else if (kind === EVENT.RESET) this.#onReset(at);
  }

  #onData(at) {
    this.#cost += this.#channel.value(at);
    if (!this.isOfMessages) this.#channel.readPayload(at, this.#place);
    else if (this.#failure === null) this.#onMessage(at);
  }

  #onMessage(at) {
    try {
      const value = this.#channel.payload(at);
      if (value === null) throw nullError(); // of NaN, in JSON
      this.#chunks.push(value);
    } catch (error) {
      this.#failure = error;
      return;
    }
    if (this.#chunks.length % MAX_LOT === 0) this.#note(MAX_LOT);
  }

  #place = (bytes, start, end, owned) => {
    if (owned) {
      this.#gather();
      this.#addBytes(bytes.subarray(start, end));
      return;
    }
    this.#inbox = bytes;
    this.#places.push(start, end);
    this.#placed += end - start;
    if (this.#placed >= MAX_CHUNK_BYTES) this.#gather();
  };

  /** The one copy out. */
  #gather() {
    if (this.#placed === 0) return;
    const places = this.#places;
    const chunk = Buffer.allocUnsafe(this.#placed);
    let to = 0;
    for (let i = 0; i < places.length; i += 2)
      to += this.#inbox.copy(chunk, to, places[i], places[i + 1]);
    this.#places = [];
    this.#placed = 0;
    this.#addBytes(chunk);
  }

  #addBytes(chunk) {
    this.#chunks.push(chunk);
    this.#note(chunk.length);
  }

  /** So many units cost what has come since the last ones. */
  #note(units) {
    this.#lots.push({ units, cost: this.#cost });
    this.#delivered += units;
    this.#cost = 0;
  }

  #onReset(at) {
    const isBare = this.#channel.flags(at) === 0;
    this.#resetBy = isBare ? null : this.#channel.readPayload(at, decodeError);
  }

  /** At the end of a batch. */
  deliver() {
    const { owner } = this;
    const chunks = this.#takeChunks();
    if (chunks.length > 0 && !this.isOver) owner.onChunks(chunks);
    if (this.isOver) return;
    if (this.#failure !== null) owner.onUnreadable(this.#failure);
    else if (this.#resetBy !== undefined) this.#endReset(this.#resetBy);
    else if (this.#isTheirEndSaid && !this.#isEndTold) this.#tellEnd();
    if (!this.#isWritable) return;
    this.#isWritable = false;
    owner.onWritable();
  }

  #takeChunks() {
    this.#gather();
    const chunks = this.#chunks;
    if (chunks.length === 0) return chunks;
    this.#chunks = [];
    if (this.isOfMessages && chunks.length % MAX_LOT !== 0) this.#note(chunks.length % MAX_LOT);
    return chunks;
  }

  #endReset(error) {
    this.#finish();
    this.owner.onReset(error);
  }

  #tellEnd() {
    this.#isEndTold = true;
    this.#checkOver();
    this.owner.onEnd();
  }

  /** The credit of what was delivered returns, but for so many units. */
  keepUnread(units) {
    const lots = this.#lots;
    const read = this.#delivered - units;
    let cost = 0;
    let count = 0;
    while (lots.length > 0 && this.#returned + lots[0].units <= read) {
      const lot = /** @type {{ units: number, cost: number }} */ (lots.shift());
      this.#returned += lot.units;
      cost += lot.cost;
      count += lot.units;
    }
    if (count === 0 || this.isOver || this.#isTheirEndSaid) return;
    const messages = this.isOfMessages ? count : 0;
    this.#channel.consumed(this.slot, this.generation, cost, messages);
  }

  // ---------------------------------------------------------------- ending

  /** The channel is over. @param {Error} error @param {boolean} isAsked here */
  lose(error, isAsked) {
    if (this.isOver) return;
    this.isOver = true;
    this.owner.onLost(error, isAsked);
  }
}

/** To those who read a stream of values, null is its end. */
function nullError() {
  const text = 'null cannot be a value of a stream';
  return Object.assign(new TypeError(text), { code: 'ERR_STREAM_NULL_VALUES' });
}

module.exports = { StreamEnd, nullError };
