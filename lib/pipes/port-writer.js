'use strict';

const { types } = require('node:util');
const { SerializationError } = require('../errors');
const { forgetMove, transferListOf } = require('../move');
const { LegacyFlow } = require('./legacy-flow');
const { batchMessage, dataMessage } = require('./port-messages');

/** Of one message: more would not be faster, and the reader would begin later. */
const MAX_ITEMS = 128;
const MAX_BYTES = 64 * 1024;
/** Bytes of a chunk that is worth a message of its own. */
const LEAST_WHOLE = 16 * 1024;
/** Sent ahead of an answer to a peer that grants no bytes. */
const LEGACY_CHUNKS = 16;
/** Milliseconds after which a peer that has said nothing gets another window: it may not be there yet. */
const SILENCE = 1000;
/** @type {readonly any[]} */
const NOTHING = Object.freeze([]);

/**
 * The writing half of a pipe over a port: it holds one write until the other end has room for it.
 * Until that end has shown what it speaks it is sent a window, and another in each second of silence,
 * in messages that any peer understands.
 */
class PortWriter {
  #post;
  #objectMode;
  #mark;
  /** How far a peer that has said nothing is written to. */
  #ahead;
  #legacy;
  /** @type {'unknown' | 'legacy' | 'hawser'} what the peer speaks */
  #speech = 'unknown';
  /** Items or bytes since the beginning. */
  #sent = 0;
  /** How far a hawser peer lets us write. */
  #limit = 0;
  /** @type {{ chunks: any[], callback: (error?: Error | null) => void } | null} */
  #held = null;
  /** Of the held chunks: the next to be sent, and how many of its bytes were. */
  #at = 0;
  #offset = 0;
  /** @type {NodeJS.Timeout | undefined} while a silent peer is waited for */
  #silence;
  /** @type {NodeJS.Immediate | undefined} while a silent peer gets its turn */
  #pace;
  #isClosed = false;

  /**
   * @param {(message: object, transferList: readonly any[]) => void} post
   * @param {{ objectMode: boolean, highWaterMark: number }} options
   */
  constructor(post, { objectMode, highWaterMark }) {
    this.#post = post;
    this.#objectMode = objectMode;
    this.#mark = highWaterMark;
    this.#ahead = highWaterMark;
    this.#legacy = new LegacyFlow(objectMode ? highWaterMark : LEGACY_CHUNKS);
  }

  /** What the peer speaks, as far as that is known. */
  get speech() {
    return this.#speech;
  }

  /**
   * @param {any[]} chunks
   * @param {(error?: Error | null) => void} callback  held while there is no room
   */
  write(chunks, callback) {
    this.#held = { chunks, callback };
    this.#at = 0;
    this.#offset = 0;
    this.#proceed();
  }

  /** The peer speaks hawser and takes so much. @param {number} limit from the beginning */
  grant(limit) {
    this.#stopWaiting();
    this.#speech = 'hawser';
    if (limit > this.#limit) this.#limit = limit;
    this.#proceed();
  }

  /** The peer has said something that hawser does not say. @param {string} word */
  hear(word) {
    this.#stopWaiting();
    if (this.#speech === 'unknown') this.#speech = 'legacy';
    if (word === 'pause' || word === 'resume') this.#legacy.hear(word);
    this.#proceed();
  }

  /** Nothing is sent any more. @returns {((error?: Error | null) => void) | undefined} what waits */
  close() {
    this.#isClosed = true;
    this.#stopWaiting();
    const callback = this.#held?.callback;
    this.#held = null;
    return callback;
  }

  #proceed() {
    if (this.#held === null || this.#isClosed) return;
    const { chunks, callback } = this.#held;
    try {
      while (this.#at < chunks.length && this.#room() > 0) this.#sendSome(chunks);
    } catch (error) {
      this.#held = null;
      callback(error);
      return;
    }
    if (this.#at < chunks.length) this.#wait();
    else this.#finish(callback);
  }

  #room() {
    if (this.#speech === 'hawser') return this.#limit - this.#sent;
    if (this.#speech === 'unknown') return this.#ahead - this.#sent;
    return this.#legacy.room;
  }

  /** Never at once, so that what is written in the same go becomes one batch. */
  #finish(callback) {
    this.#held = null;
    if (this.#speech === 'unknown') setImmediate(callback);
    else process.nextTick(callback);
  }

  #stopWaiting() {
    clearTimeout(this.#silence);
    clearImmediate(this.#pace);
    this.#silence = undefined;
    this.#pace = undefined;
  }

  #wait() {
    if (this.#speech === 'hawser') return;
    if (this.#speech === 'unknown') this.#silence ??= setTimeout(() => this.#tryFurther(), SILENCE);
    else if (this.#legacy.waitsForTurn) this.#pace ??= setImmediate(() => this.#turn());
  }

  /** A thread that starts slowly is not to be flooded, nor one that never answers to be cut off. */
  #tryFurther() {
    this.#silence = undefined;
    this.#ahead += this.#mark;
    this.#proceed();
  }

  #turn() {
    this.#pace = undefined;
    if (!this.#legacy.waitsForTurn) return;
    this.#legacy.turn();
    this.#proceed();
  }

  #sendSome(chunks) {
    if (!this.#objectMode) this.#sendBytes(chunks);
    else if (this.#speech === 'hawser') this.#sendItems(chunks);
    else this.#sendItem(chunks[this.#at]);
  }

  #sendItems(chunks) {
    const count = Math.min(chunks.length - this.#at, this.#room(), MAX_ITEMS);
    const whole = this.#at === 0 && count === chunks.length;
    const values = whole ? chunks : chunks.slice(this.#at, this.#at + count);
    try {
      this.#postBatch(values);
    } catch (cause) {
      if (count === 1) throw cannotBeSent(cause);
      for (const value of values) this.#postAlone(value); // those before the one that is at fault
    }
  }

  #postAlone(value) {
    try {
      this.#postBatch([value]);
    } catch (cause) {
      throw cannotBeSent(cause);
    }
  }

  #postBatch(values) {
    /** @type {number[] | undefined} */
    let buffers;
    /** @type {any[] | undefined} */
    let transfers;
    let payload = values;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      const list = transferListOf(value);
      if (list !== undefined) (transfers ??= []).push(...list);
      if (!Buffer.isBuffer(value)) continue;
      if (payload === values) payload = [...values];
      if (list === undefined) payload[i] = new Uint8Array(value); // else its whole pool is cloned
      (buffers ??= []).push(i);
    }
    this.#post(batchMessage(payload, buffers), transfers ?? NOTHING);
    if (transfers !== undefined) values.forEach(forgetMove);
    this.#at += values.length;
    this.#sent += values.length;
  }

  #sendItem(value) {
    const list = transferListOf(value);
    const payload = Buffer.isBuffer(value) && list === undefined ? new Uint8Array(value) : value;
    try {
      this.#post(dataMessage(payload, Buffer.isBuffer(value)), list ?? NOTHING);
    } catch (cause) {
      throw cannotBeSent(cause);
    }
    forgetMove(value);
    this.#at++;
    this.#sent++;
    this.#legacy.sent();
  }

  #sendBytes(chunks) {
    const isKnown = this.#speech === 'hawser';
    const room = this.#speech === 'legacy' ? this.#mark : this.#room();
    const chunk = chunks[this.#at];
    const list = this.#offset === 0 ? transferListOf(chunk) : undefined;
    if (list !== undefined) forgetMove(chunk);
    const bytes = this.#takeWhole(chunks, room, list) ?? this.#copyBytes(chunks, room);
    if (bytes.length === 0) return;
    const transfers = bytes.buffer === chunk.buffer ? (list ?? NOTHING) : NOTHING;
    this.#post(isKnown ? batchMessage(bytes) : dataMessage(bytes), transfers);
    this.#sent += bytes.length;
    if (!isKnown) this.#legacy.sent();
  }

  /** What has its memory for itself goes as it is, where it is large or alone, and all of it fits. */
  #takeWhole(chunks, room, list) {
    const { buffer, length } = chunks[this.#at];
    const isAlone = this.#at === chunks.length - 1;
    if (this.#offset > 0 || length > room || length !== buffer.byteLength) return undefined;
    if (list === undefined && !isAlone && length < LEAST_WHOLE) return undefined;
    if (types.isSharedArrayBuffer(buffer)) return undefined; // it would be shared, not copied
    this.#at++;
    return new Uint8Array(buffer);
  }

  /**
   * Of as many chunks as fit, into memory of its own: cloning takes all that a view is a part of.
   * It is cloned all the same, for memory that is transferred is not seen by the garbage collector
   * until there is very much of it.
   */
  #copyBytes(chunks, room) {
    const bytes = new Uint8Array(this.#countBytes(chunks, Math.min(room, MAX_BYTES)));
    for (let filled = 0; this.#at < chunks.length;) {
      const chunk = chunks[this.#at];
      const end = Math.min(chunk.length, this.#offset + bytes.length - filled);
      bytes.set(chunk.subarray(this.#offset, end), filled);
      filled += end - this.#offset;
      this.#offset = end;
      if (end < chunk.length) break;
      this.#at++;
      this.#offset = 0;
    }
    return bytes;
  }

  /** How many bytes are left to be sent, at most `most`. */
  #countBytes(chunks, most) {
    let count = -this.#offset;
    for (let i = this.#at; i < chunks.length && count < most; i++) count += chunks[i].length;
    return Math.min(count, most);
  }
}

/** @param {any} cause */
function cannotBeSent(cause) {
  const message = `payload cannot be sent: ${cause?.message ?? cause}`;
  return new SerializationError(message, { path: 'payload', cause });
}

module.exports = { PortWriter };
