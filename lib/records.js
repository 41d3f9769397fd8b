'use strict';

/** Records: messages on their way into C's table, with the block that may stand before a payload. */

const { DEADLINE_BYTES, FLAG, HEADER_BYTES, NEVER, TYPE } = require('./frames');

/**
 * @typedef {object} OutgoingRecord
 * @property {number} word type and method, as in the header
 * @property {number} flags
 * @property {number} slot
 * @property {number} generation
 * @property {number} timeout milliseconds, 0 for none
 * @property {number} head bytes before the payload
 * @property {Buffer | null} block null: none, or the one that only tells the timeout
 */

/** @returns {OutgoingRecord} */
function recordOf(type, flags, method, slot, generation, timeout, tellTimeout) {
  return {
    word: type | (method << 16),
    flags: tellTimeout ? flags | FLAG.EXT : flags,
    slot,
    generation,
    timeout,
    head: tellTimeout ? HEADER_BYTES + DEADLINE_BYTES : HEADER_BYTES,
    block: null,
  };
}

/** @param {Buffer} block extension (P2.6) or, of an EVENT, its name (P4.16) @returns {OutgoingRecord} */
function blockRecordOf(type, flags, method, slot, generation, timeout, block) {
  return {
    word: type | (method << 16),
    flags: type === TYPE.EVENT ? flags : flags | FLAG.EXT,
    slot,
    generation,
    timeout,
    head: HEADER_BYTES + block.length,
    block,
  };
}

/** What stands between the header of a record and its payload. */
function writeBlock(bytes, at, { timeout, block }) {
  if (block !== null) {
    bytes.set(block, at);
    return;
  }
  bytes.writeUInt16LE(DEADLINE_BYTES, at);
  bytes[at + 2] = 1;
  bytes[at + 3] = 4;
  bytes.writeUInt32LE(timeout || NEVER, at + 4);
}

/** Bytes of what an encoder has written, up to `end`. */
function sizeOf({ start, segments }, end) {
  return end - start + (segments ? sumOf(segments) : 0);
}

function sumOf(slices) {
  let sum = 0;
  for (const slice of slices) if (typeof slice !== 'number') sum += slice.length;
  return sum;
}

module.exports = { recordOf, blockRecordOf, writeBlock, sizeOf, sumOf };
