'use strict';

/** Payloads of mixed sizes, each told from every other, and compared fast. */

const assert = require('node:assert/strict');
const { Dice } = require('./dice');

const MOST = 1536 * 1024;
const dice = new Dice(7);
const BYTES = Buffer.from(Uint8Array.from({ length: MOST }, () => dice.int(0, 255)));
const TEXT = BYTES.toString('base64'); // ASCII, which is the fast way of each codec
const ENDS = ['', '', '', '', '', '', '\u00e9', '\u2603'];
const SIZES = { tiny: 6000, small: 3000, medium: 200, large: 15, huge: 3 };
const MOST_OF = { tiny: 100, small: 4096, medium: 65_536, large: 400_000, huge: MOST };

/** Bytes or text; text of one byte a character or of two. */
function bodyOf(dice, isBinary) {
  const length = dice.int(0, MOST_OF[dice.weighted(SIZES)]);
  const start = dice.int(0, MOST - length);
  if (isBinary && dice.chance(0.3)) return Buffer.from(BYTES.subarray(start, start + length));
  return TEXT.slice(start, start + length) + dice.pick(ENDS);
}

/** @param {boolean} isBinary whether the serializer carries bytes */
function payloadOf(dice, i, isBinary) {
  const payload = { i, body: bodyOf(dice, isBinary) };
  if (dice.chance(0.05))
    payload.more = { list: [i, 'more', null], [`key ${dice.int(0, 50)}`]: 1.5 };
  return payload;
}

function assertSame(answer, payload) {
  assert.equal(answer.i, payload.i, 'the answer of another call');
  const { body } = payload;
  const isSame = typeof body === 'string' ? answer.body === body : body.equals(answer.body);
  assert.ok(isSame, `the body of ${payload.i}, of ${body.length}, came back as another`);
  assert.deepEqual(answer.more, payload.more);
}

module.exports = { payloadOf, assertSame };
