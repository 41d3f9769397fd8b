'use strict';

/** Names of events, as they stand before the payload (P4.16). */

const MAX_NAME_BYTES = 1024;
const MAX_KNOWN = 256;
const LENGTH_BYTES = 2;

const known = new Map();
const blockBytes = (length) => (LENGTH_BYTES + length + 7) & ~7;

/**
 * The name with its length, padded. Not to be written to: it is kept for the next event.
 * @param {string} name
 * @returns {Buffer}
 * @throws {TypeError | RangeError}
 */
function nameBlock(name) {
  return known.get(name) ?? makeBlock(name);
}

function makeBlock(name) {
  if (typeof name !== 'string')
    throw new TypeError(`the name of an event must be a string, got ${typeof name}`);
  const length = Buffer.byteLength(name);
  if (length > MAX_NAME_BYTES)
    throw new RangeError(`the name of an event has ${length} bytes, at most ${MAX_NAME_BYTES}`);
  const block = Buffer.alloc(blockBytes(length));
  block.writeUInt16LE(length);
  block.write(name, LENGTH_BYTES);
  if (known.size < MAX_KNOWN) known.set(name, block);
  return block;
}

/** @param {number} length of the name @param {number} end where its block ends in `bytes` */
function readName(bytes, end, length) {
  const start = end - blockBytes(length) + LENGTH_BYTES;
  return bytes.toString('utf8', start, start + length);
}

module.exports = { nameBlock, readName };
