'use strict';

const assert = require('node:assert/strict');
const fc = require('fast-check');
const { StructuredEncoder } = require('../../lib/codec/structured-encoder');
const { knotted } = require('./codec-arbitraries');
const { Pair, record } = require('./codec-graph');

const values = {
  'a number': 5,
  'a float': 1.5,
  'a short string': 'short',
  'a long string': 'x'.repeat(300),
  'a wide string': '日'.repeat(50),
  'a string of 63 characters': 'y'.repeat(63),
  'a BigInt': 2n ** 300n,
  'an object': { id: 1, op: 'add', data: [1, 2, 3], nested: { a: -1, b: 'two' } },
  'an extended array': Object.assign([1, 2, , 4], { x: 'y' }), // eslint-disable-line no-sparse-arrays
  'a cycle': (() => {
    const a = { b: [] };
    a.b.push(a);
    return a;
  })(),
  'a Map, a Set, a Date and a RegExp': [new Map([[1, 'a']]), new Set(['b']), new Date(5), /source/g],
  'binary': [Buffer.alloc(40, 1), new Uint8Array(30), new Float64Array(3), new DataView(new ArrayBuffer(9), 2)],
  'a resizable ArrayBuffer': new Uint16Array(new ArrayBuffer(8, { maxByteLength: 16 })),
  'an error': Object.assign(new TypeError('bad'), { stack: 'TypeError: bad', code: 'E_BAD', extra: [1, 2] }),
}; // prettier-ignore

const POSITION = 24;

function whole(value) {
  const encoder = new StructuredEncoder({ shapes: false });
  const end = encoder.encode(Buffer.alloc(8192), 0, 8192, value);
  return Buffer.from(encoder.bytes.subarray(0, end));
}

describe('StructuredEncoder: place', () => {
  for (const [name, value] of Object.entries(values)) {
    it(`gives the same bytes at every limit, in place exactly where they fit: ${name}`, () => {
      const expected = whole(value);
      const encoder = new StructuredEncoder({ shapes: false });
      for (let room = 0; room < expected.length + 40; room++) {
        const bytes = Buffer.alloc(POSITION + expected.length + 80, 0xee);
        const end = encoder.encode(bytes, POSITION, POSITION + room, value);
        const fits = room >= expected.length;
        assert.equal(encoder.bytes === bytes, fits, `room ${room}`);
        if (fits) assert.equal(encoder.start, POSITION);
        assert.equal(encoder.segments, null);
        assert.deepEqual(Buffer.from(encoder.bytes.subarray(encoder.start, end)), expected);
        const outside = [...bytes.subarray(0, POSITION), ...bytes.subarray(POSITION + room)];
        assert.ok(
          outside.every((byte) => byte === 0xee),
          `room ${room}`,
        );
      }
    });
  }

  it('makes no difference to any value, whatever came before', () => {
    const records = fc.array(fc.tuple(knotted, fc.nat(300)), { minLength: 1, maxLength: 3 });
    const untouched = Buffer.alloc(4096, 0xee);
    const property = fc.property(records, fc.nat(4), (values, repeats) => {
      const cramped = new Pair();
      const free = new Pair();
      for (const [value, room] of values) {
        for (let i = 0; i <= repeats * 3; i++) {
          const limit = POSITION + ((room + i * 7) % 300);
          cramped.room.fill(0xee);
          const bytes = cramped.encode(value, POSITION, limit);
          assert.ok(cramped.room.subarray(limit).equals(untouched.subarray(limit)));
          assert.deepEqual(bytes, free.encode(value, 0, free.room.length));
          assert.deepEqual(cramped.definitions, free.definitions);
        }
      }
    });
    fc.assert(property, { numRuns: 500, seed: 20261121 });
  });

  it('may be any of several buffers, one after the other, with floats', () => {
    const encoder = new StructuredEncoder({ shapes: false });
    const buffers = Array.from({ length: 7 }, () => Buffer.from(new ArrayBuffer(64), 8, 48));
    const expected = whole([1.5, -2.25]);
    for (let i = 0; i < 50; i++) {
      const bytes = buffers[(i * 3) % 7].fill(0);
      const end = encoder.encode(bytes, i % 8, i % 3 === 0 ? 10 : 48, [1.5, -2.25]);
      assert.deepEqual(Buffer.from(encoder.bytes.subarray(encoder.start, end)), expected);
    }
  });
});

describe('StructuredEncoder: segments', () => {
  const big = Buffer.alloc(40_000, 'big');
  const other = new Uint8Array(35_000).fill(3);

  it('leave large binary where it is once the record has moved', () => {
    const encoder = new StructuredEncoder();
    const value = ['a', big, 'b', other, { c: big.subarray(0, 10) }];
    encoder.encode(Buffer.alloc(64), 0, 64, value);
    const { segments } = encoder;
    assert.equal(segments.length, 4);
    assert.deepEqual(segments[1], big);
    assert.equal(segments[3].buffer, other.buffer);
    assert.ok(segments[0] < segments[2]);
  });

  it('put together are what is written in place', () => {
    const room = Buffer.alloc(200_000);
    const value = { first: big, list: [other, 1.5, big], last: 'z' };
    const inPlace = new StructuredEncoder({ shapes: false });
    const end = inPlace.encode(room, 0, room.length, value);
    assert.equal(inPlace.bytes, room);
    assert.equal(inPlace.segments, null);
    const moved = new StructuredEncoder({ shapes: false });
    const movedEnd = moved.encode(room.subarray(0), 150_000, 150_064, value);
    assert.notEqual(moved.segments, null);
    assert.deepEqual(record(moved, movedEnd), Buffer.from(room.subarray(0, end)));
  });

  it('do not outlive their record', () => {
    const pair = new Pair();
    pair.encode([big, other], 0, 32);
    assert.notEqual(pair.encoder.segments, null);
    pair.encode([1], 0, 32);
    assert.equal(pair.encoder.segments, null);
  });
});

describe('StructuredEncoder: large records', () => {
  it('carry more than 64 MiB of strings, numbers and binary', () => {
    const value = {
      text: 'ä'.repeat(40e6),
      bytes: Buffer.alloc(30e6, 9),
      list: new Array(100_000).fill('item'),
    };
    const pair = new Pair();
    const arrived = pair.send(value, true);
    assert.equal(arrived.text, value.text);
    assert.ok(arrived.bytes.equals(value.bytes));
    assert.deepEqual(arrived.list, value.list);
  });
});
