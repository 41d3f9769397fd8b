'use strict';

/** The extension block of a request (P2.6): deadline, the caller's own tx, metadata. */

const { inspect } = require('node:util');
const { DEADLINE_BYTES } = require('./frames');

const TAG = { DEADLINE: 1, TX: 2, KEY: 3, VALUE: 4 };
const MAX_ENTRY = 255;
const MAX_KEYS = 64;
const MAX_BYTES = 4096; // of metadata: keys and values

/**
 * @param {unknown} tx what a user's txIdGenerator gave
 * @returns {Buffer} its bytes
 * @throws {TypeError | RangeError}
 */
function txBytes(tx) {
  if (typeof tx !== 'string')
    throw new TypeError(`txIdGenerator must return a string, got ${inspect(tx, { depth: 0 })}`);
  const bytes = Buffer.from(tx);
  if (bytes.length > 0 && bytes.length <= MAX_ENTRY) return bytes;
  throw new RangeError(`a tx must have 1 to ${MAX_ENTRY} bytes, got ${bytes.length}`);
}

/**
 * @param {unknown} metadata
 * @returns {Array<[Buffer, Buffer]>} its keys and values
 * @throws {TypeError | RangeError}
 */
function metadataBytes(metadata) {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    throw new TypeError(`metadata must be an object, got ${inspect(metadata, { depth: 0 })}`);
  let sum = 0;
  const pairs = Object.entries(metadata).map(([name, value]) => {
    if (typeof value !== 'string') {
      const got = inspect(value, { depth: 0 });
      throw new TypeError(`metadata.${name} must be a string, got ${got}`);
    }
    const pair = /** @type {[Buffer, Buffer]} */ ([Buffer.from(name), Buffer.from(value)]);
    if (pair[0].length > MAX_ENTRY)
      throw new RangeError(`a key of metadata must have at most ${MAX_ENTRY} bytes`);
    sum += pair[0].length + pair[1].length;
    return pair;
  });
  if (pairs.length <= MAX_KEYS && sum <= MAX_BYTES) return pairs;
  throw new RangeError(
    `metadata must have at most ${MAX_KEYS} keys and ${MAX_BYTES} bytes, got ${pairs.length} and ${sum}`,
  );
}

const entry = (tag, bytes) => [Buffer.from([tag, bytes.length]), bytes];

/** The entries of a block that are the same however often its request is sent. */
class Details {
  #entries;
  hasTx;

  /** @param {Buffer} entries @param {boolean} hasTx */
  constructor(entries, hasTx) {
    this.#entries = entries;
    this.hasTx = hasTx;
  }

  get bytes() {
    return this.#entries.length;
  }

  /** The same under this name. @param {string} tx @returns {Details} */
  named(tx) {
    return new Details(Buffer.concat([...entry(TAG.TX, txBytes(tx)), this.#entries]), true);
  }

  /**
   * @param {number} timeout milliseconds that the peer is told, 0 for none
   * @returns {Buffer | null} the block, if there is anything to say
   */
  block(timeout) {
    const entries = this.#entries;
    const head = timeout > 0 ? DEADLINE_BYTES : 2;
    if (head + entries.length === 2) return null;
    const block = Buffer.alloc((head + entries.length + 7) & ~7);
    block.writeUInt16LE(block.length);
    if (timeout > 0) {
      block[2] = TAG.DEADLINE;
      block[3] = 4;
      block.writeUInt32LE(timeout, 4);
    }
    block.set(entries, head);
    return block;
  }
}

const NO_DETAILS = new Details(Buffer.alloc(0), false);

/**
 * @param {{ tx?: string, metadata?: Record<string, string> }} about
 * @returns {Details} NO_DETAILS where there are none
 * @throws {TypeError | RangeError} on what does not fit
 */
function encodeDetails({ tx, metadata }) {
  if (tx === undefined && metadata === undefined) return NO_DETAILS;
  const parts = [];
  if (tx !== undefined) parts.push(...entry(TAG.TX, txBytes(tx)));
  for (const [key, value] of metadata === undefined ? [] : metadataBytes(metadata)) {
    parts.push(...entry(TAG.KEY, key));
    for (let at = 0; at < value.length; at += MAX_ENTRY)
      parts.push(...entry(TAG.VALUE, value.subarray(at, at + MAX_ENTRY)));
  }
  return parts.length === 0 ? NO_DETAILS : new Details(Buffer.concat(parts), tx !== undefined);
}

/**
 * What the core has checked (P2.9, P2.10), as strings.
 * @param {Buffer} block
 * @returns {{ tx: string | undefined, metadata: Record<string, string> | undefined }}
 */
function decodeDetails(block) {
  let tx;
  /** @type {Array<{ key: string, parts: Buffer[] }>} */
  const pairs = [];
  for (let at = 2; at < block.length;) {
    const tag = block[at++];
    if (tag === 0) continue;
    const bytes = block.subarray(at + 1, at + 1 + block[at]);
    at += 1 + bytes.length;
    if (tag === TAG.TX) tx = bytes.toString();
    else if (tag === TAG.KEY) pairs.push({ key: bytes.toString(), parts: [] });
    else if (tag === TAG.VALUE) pairs.at(-1)?.parts.push(bytes);
  }
  if (pairs.length === 0) return { tx, metadata: undefined };
  const texts = pairs.map(({ key, parts }) => [key, Buffer.concat(parts).toString()]);
  return { tx, metadata: Object.fromEntries(texts) };
}

module.exports = { NO_DETAILS, Details, encodeDetails, decodeDetails };
