'use strict';

const fs = require('node:fs');
const { Socket } = require('node:net');
const { Peer } = require('./peer');

const LINE = 128;
const CAPACITY = 256 * 1024;
/** Where the words are in the control page (P7.2). */
const TO_WORKER = LINE;
const TO_HOST = 5 * LINE;
const WORD = { tail: 0, head: LINE, waiting: 2 * LINE, starving: 3 * LINE };

/**
 * Speaks over the shared segments with plain reads and writes of their descriptors, as no honest
 * worker would, so that every word can be set to anything.
 */
class RingPeer extends Peer {
  #tail = 0n; // written to the host
  #head = 0n; // read from the host

  constructor([socket, page, toWorker, toHost]) {
    super();
    this.page = page;
    this.toWorker = toWorker;
    this.toHost = toHost;
    this.socket = new Socket({ fd: socket, readable: true, writable: true });
    this.socket.on('error', () => {});
    this.socket.on('data', () => this.wake());
  }

  join() {
    this.socket.write('R');
  }

  get capacity() {
    return CAPACITY;
  }

  get tail() {
    return this.#tail;
  }

  get head() {
    return this.#head;
  }

  // ------------------------------------------------------------ the control page

  readWord(offset) {
    const bytes = Buffer.alloc(8);
    fs.readSync(this.page, bytes, 0, 8, offset);
    return bytes.readBigUInt64LE(0);
  }

  writeWord(offset, value) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
    fs.writeSync(this.page, bytes, 0, 8, offset);
  }

  writeFlag(offset, value) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    fs.writeSync(this.page, bytes, 0, 4, offset);
  }

  /** What the host has consumed of ours. */
  get hostHead() {
    return this.readWord(TO_HOST + WORD.head);
  }

  publishTail(value) {
    this.writeWord(TO_HOST + WORD.tail, value);
  }

  publishHead(value) {
    this.writeWord(TO_WORKER + WORD.head, value);
  }

  setWaiting(value) {
    this.writeFlag(TO_WORKER + WORD.waiting, value);
  }

  setStarving(value) {
    this.writeFlag(TO_HOST + WORD.starving, value);
  }

  /** The host's own flag: does it sleep? */
  setHostWaiting(value) {
    this.writeFlag(TO_HOST + WORD.waiting, value);
  }

  // ------------------------------------------------------------ data

  /** Store bytes from this index on, wrapping. */
  storeAt(index, bytes) {
    const at = Number(index % BigInt(CAPACITY));
    const first = Math.min(bytes.length, CAPACITY - at);
    fs.writeSync(this.toHost, bytes, 0, first, at);
    if (first < bytes.length) fs.writeSync(this.toHost, bytes, first, bytes.length - first, 0);
  }

  /** Store bytes behind the last without publishing them. */
  store(bytes) {
    this.storeAt(this.#tail, bytes);
    this.#tail += BigInt(bytes.length);
  }

  publish() {
    this.publishTail(this.#tail);
  }

  ring() {
    this.socket.write('!');
  }

  /** @param {Buffer | string} bytes any at all, at most what is free */
  write(bytes) {
    this.store(Buffer.from(bytes));
    this.publish();
    this.ring();
  }

  /** Write what may be longer than the ring, as the host makes room. */
  async writeAll(bytes) {
    for (let at = 0; at < bytes.length;) {
      const free = CAPACITY - Number(this.#tail - this.hostHead);
      if (free > 0) this.write(bytes.subarray(at, at + free));
      at += free;
      if (free === 0) await new Promise(setImmediate);
    }
  }

  /** Read without giving the space back. */
  peek() {
    const tail = this.readWord(TO_WORKER + WORD.tail);
    const bytes = Buffer.alloc(Number(tail - this.#head));
    const at = Number(this.#head % BigInt(CAPACITY));
    const first = Math.min(bytes.length, CAPACITY - at);
    fs.readSync(this.toWorker, bytes, 0, first, at);
    if (first < bytes.length) fs.readSync(this.toWorker, bytes, first, bytes.length - first, 0);
    return bytes;
  }

  take() {
    const bytes = this.peek();
    this.#head += BigInt(bytes.length);
    this.publishHead(this.#head);
    return bytes;
  }

  pull() {
    let bytes = this.take();
    if (bytes.length === 0) {
      this.setWaiting(1);
      bytes = this.take();
      if (bytes.length === 0) return false;
    }
    this.reader.push(bytes);
    return true;
  }

  hangUp() {
    this.socket.end(() => this.socket.destroy());
  }
}

module.exports = { RingPeer };
