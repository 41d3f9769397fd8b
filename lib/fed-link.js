'use strict';

const native = require('./binding');
const { FedCarrier } = require('./fed-carrier');

const LINGER = 10_000; // for the peer's end, from ours on

/**
 * Between a channel and a byte stream of somebody else: a net.Socket, a TLSSocket, any Duplex whose
 * other end speaks hawser. What comes is fed as far as the session takes it, and the stream is
 * paused meanwhile; what is written has left its ring when the stream says so. The stream is the
 * link's from here on.
 */
class FedLink extends FedCarrier {
  #stream;
  #allowance; // bytes that may still come; Infinity once the start is over
  #onExcess;
  /** @type {Uint8Array | null} that the session has not taken yet */
  #refused = null;
  #hasEnded = false; // the stream gives no more
  #isFinishing = false;
  #timer;
  /** @type {Error | null} why the stream broke off */
  error = null;

  /**
   * @param {import('node:stream').Duplex} stream
   * @param {{ allowance: number, onExcess: () => void }} limit how many bytes may come before
   *   unlimit(); one more calls onExcess, and nothing is fed then
   */
  constructor(stream, { allowance, onExcess }) {
    super();
    this.#stream = stream;
    this.#allowance = allowance;
    this.#onExcess = onExcess;
  }

  /** For a Channel, as its `open`. */
  open(options, callbacks) {
    super.open(options, callbacks);
    const stream = this.#stream;
    stream.on('data', (chunk) => this.#onData(chunk));
    stream.once('end', () => this.#onEnd());
    stream.on('error', (error) => (this.error ??= error));
    stream.once('close', () => this.#onEnd());
    stream.resume(); // it may have been paused on purpose, until somebody reads it
    return this.handle;
  }

  /** From here on the session's own limits are enough. */
  unlimit() {
    this.#allowance = Infinity;
  }

  // ---------------------------------------------------------------- receiving

  #onData(chunk) {
    this.#allowance -= chunk.length;
    if (this.#allowance < 0) this.#onExcess();
    else if (this.#refused === null) this.#feed(chunk);
    else this.#refused = Buffer.concat([this.#refused, chunk]); // of a stream that heeds no pause
  }

  #feed(chunk) {
    const taken = native.feed(this.handle, chunk);
    if (this.#isFinishing) this.#endIfDone();
    if (taken === undefined || taken === chunk.length) return;
    this.#refused = chunk.subarray(taken);
    this.#stream.pause();
  }

  onWant() {
    const chunk = this.#refused;
    if (chunk === null) return;
    this.#refused = null;
    this.#feed(chunk);
    if (this.#refused !== null) return;
    if (this.#hasEnded) native.endFed(this.handle);
    else this.#stream.resume();
  }

  /** What it gave comes first. */
  #onEnd() {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#refused === null) native.endFed(this.handle);
  }

  // ---------------------------------------------------------------- sending

  onSend(start, count) {
    const stream = this.#stream;
    if (!stream.writable) return; // its 'close' follows
    stream.write(this.#copy(start, count), (error) => {
      if (error) return;
      native.fedSent(this.handle, count);
      if (this.#isFinishing) this.#endIfDone();
    });
  }

  /** The ring is not the stream's: it goes with the channel. */
  #copy(start, count) {
    const copy = Buffer.allocUnsafe(count);
    const first = this.ring.copy(copy, 0, start, start + count);
    if (first < count) this.ring.copy(copy, first, 0, count - first);
    return copy;
  }

  // ---------------------------------------------------------------- ending

  /**
   * End the stream when those of the channel are over, behind all that it has flushed. Until the peer
   * has ended its side the stream is read: what had not been would make a TCP peer lose what it has
   * not read itself.
   */
  finish() {
    if (this.#isFinishing) return;
    this.#isFinishing = true;
    this.#timer = setTimeout(() => this.destroy(), LINGER).unref();
    this.#stream.once('close', () => clearTimeout(this.#timer));
    this.#endIfDone();
  }

  #endIfDone() {
    if (native.isDone(this.handle) !== false && this.#stream.writable) this.#stream.end();
  }

  /** At once, whatever has not been carried. */
  destroy() {
    this.#stream.destroy();
  }
}

module.exports = { FedLink };
