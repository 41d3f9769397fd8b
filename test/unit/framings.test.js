'use strict';

const assert = require('node:assert/strict');
const { framingOf } = require('../../lib/pipes/foreign-framing');
const { NOTHING } = require('../../lib/pipes/nothing');

const LIMIT = 1000;
const binary = {
  bytes: true,
  serialize: (value) => Buffer.from(JSON.stringify(value)),
  deserialize: (bytes) => JSON.parse(bytes.toString()),
};
const KINDS = { 'json lines': 'json', 'values by length': binary };
const VALUES = [{ text: 'ü€😀\r\n' }, '', [], 'x'.repeat(300), 0, { last: true }];

function taken(framing) {
  const values = [];
  for (let value = framing.next(); value !== NOTHING; value = framing.next()) values.push(value);
  return values;
}

/** What comes of these chunks, where everything is taken behind each `every`th. */
function read(serializer, chunks, every = 1) {
  const framing = framingOf(serializer, LIMIT);
  const values = [];
  chunks.forEach((chunk, at) => {
    framing.feed(chunk);
    if (at % every === 0) values.push(...taken(framing));
  });
  framing.finish();
  return [...values, ...taken(framing)];
}

for (const [name, serializer] of Object.entries(KINDS)) {
  describe(`the framing of ${name}`, () => {
    const framing = framingOf(serializer, LIMIT);
    const bytes = Buffer.from(framing.join(VALUES.map((value) => framing.frame(value))));

    it('reads what it wrote, cut anywhere', () => {
      for (let at = 0; at <= bytes.length; at++)
        assert.deepEqual(read(serializer, [bytes.subarray(0, at), bytes.subarray(at)]), VALUES);
    });

    it('reads what it wrote, byte by byte, whenever it is asked', () => {
      const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
      for (const every of [1, 2, 7, 1000])
        assert.deepEqual(read(serializer, single, every), VALUES);
    });

    it('reads on behind values that were not taken yet', () => {
      const [first, second] = [framingOf(serializer, LIMIT), bytes.subarray(0, bytes.length - 5)];
      first.feed(second);
      assert.deepEqual(first.next(), VALUES[0]);
      first.feed(bytes.subarray(bytes.length - 5));
      first.feed(bytes);
      assert.deepEqual(taken(first), [...VALUES.slice(1), ...VALUES]);
    });

    it('does not take over the bytes of a chunk that is used again', () => {
      const one = framingOf(serializer, LIMIT);
      const chunk = Buffer.from(bytes.subarray(0, 20));
      one.feed(chunk);
      const before = taken(one);
      one.feed(Buffer.from(bytes.subarray(20, 40)));
      chunk.fill(0);
      one.feed(bytes.subarray(40));
      assert.deepEqual([...before, ...taken(one)], VALUES);
    });

    it('refuses to write and to read a value that is longer than the limit', () => {
      const long = 'x'.repeat(LIMIT + 1);
      assert.throws(() => framingOf(serializer, LIMIT).frame(long), { name: 'TooLargeError' });
      const other = framingOf(serializer, LIMIT);
      const wide = framingOf(serializer, 2 * LIMIT);
      other.feed(Buffer.from(wide.join([wide.frame(1), wide.frame(long)])).subarray(0, LIMIT + 4));
      assert.equal(other.next(), 1);
      assert.throws(() => taken(other), { name: 'TooLargeError' });
    });
  });
}
