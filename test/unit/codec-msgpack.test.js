'use strict';

const assert = require('node:assert/strict');
const { runInNewContext } = require('node:vm');
const fc = require('fast-check');
const theirs = require('@msgpack/msgpack');
const { createCodec } = require('../../lib/codec');

const MSGPACK = 3;
const RUNS = { numRuns: 500, seed: 20261122 };
const codec = createCodec('msgpack');
const extensionCodec = new theirs.ExtensionCodec();
extensionCodec.register({ type: 0, encode: () => null, decode: () => undefined });

/** What another implementation reads, its integers of 64 bits and its bytes as ours. */
function readByTheirs(record) {
  return asOurs(theirs.decode(record, { extensionCodec, useBigInt64: true }));
}

function asOurs(value) {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(asOurs);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, asOurs(one)]));
}

const isRecord = (value) =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** The record of a value, written into a room of that size between others' bytes. */
function encode(value, room = 64) {
  const bytes = Buffer.alloc(room + 6, 0xee);
  const { encoder } = codec;
  const end = encoder.encode(bytes, 3, 3 + room, value);
  const record = Buffer.from(encoder.bytes.subarray(encoder.start, end));
  for (const at of [0, 1, 2, room + 3, room + 4, room + 5]) assert.equal(bytes[at], 0xee);
  const { codecId } = encoder;
  encoder.release();
  return { record, codecId };
}

const decode = (bytes, owned = false) => codec.decode(MSGPACK, bytes, 0, bytes.length, owned);
const hex = (text) => Buffer.from(text.replaceAll(' ', ''), 'hex');

const CARRIED = {
  'small integers': [0, 1, 127, 128, 255, 256, 65535, 65536, -1, -32, -33, -128, -129],
  'large integers': [-32768, -32769, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32 - 1, 2 ** 32],
  'integers up to the safe ones': [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
  'numbers that are no integers': [-0, 1.5, NaN, Infinity, -Infinity, 1e300, Number.MIN_VALUE],
  'BigInts beyond the safe integers': [2n ** 53n, 2n ** 64n - 1n, -(2n ** 63n)],
  'what is no object': [true, false, null, undefined, [undefined]],
  texts: ['', 'a', 'é', 'λ'.repeat(40), '\u{1f600}', '\0', '\ufffd', 'a'.repeat(31)],
  'long texts': ['a'.repeat(32), 'a'.repeat(255), 'a'.repeat(256), 'x'.repeat(70_000)],
  arrays: [[], [1, [2, [3]]], Array(15).fill(1), Array(16).fill(1), Array(70_000).fill('x')],
  objects: [{}, { a: { b: [1] } }, { constructor: 'x', toJSON: 1, hasOwnProperty: 2, then: 3 }],
  'objects of many keys': [Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [i, i]))],
  Buffers: [Buffer.alloc(0), Buffer.from([1, 2]), Buffer.alloc(300, 1), Buffer.alloc(70_000, 2)],
  dates: [0, 1, -1, 8.64e15, -8.64e15, 2 ** 34 * 1000 - 1, 2 ** 34 * 1000, 2 ** 32 * 1000].map(
    (time) => new Date(time),
  ),
};

describe("codec 'msgpack' carries", () => {
  for (const [what, values] of Object.entries(CARRIED)) {
    it(`${what}, in place and where there is no room`, () => {
      for (const value of values)
        for (const room of [0, 64, 600_000]) {
          const { record, codecId } = encode(value, room);
          assert.equal(codecId, value === undefined ? 0 : MSGPACK);
          assert.deepStrictEqual(codec.decode(codecId, record, 0, record.length, false), value);
        }
    });
  }

  it('what another implementation reads and writes', () => {
    for (const value of Object.values(CARRIED).flat()) {
      if (value === undefined) continue;
      assert.deepStrictEqual(readByTheirs(encode(value).record), value);
      if (value?.length === 1 && value[0] === undefined) continue; // of which it makes null
      const written = theirs.encode(value, { useBigInt64: typeof value === 'bigint' });
      const read = decode(Buffer.from(written));
      assert.deepStrictEqual(read, Object.is(value, -0) ? 0 : value); // it loses the sign
    }
  });

  it('any value of JSON with Buffers and dates', () => {
    const key = fc.string({ unit: 'grapheme' }).filter((text) => text !== '__proto__'); // theirs refuses
    const leaf = fc.oneof(
      fc.double(),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.constantFrom(null, undefined),
      fc.string({ unit: 'grapheme' }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.date({ noInvalidDate: true }),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(tie('tree')),
        fc.dictionary(key, tie('tree'), { noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(tree, fc.nat({ max: 200 }), (value, room) => {
        const { record, codecId } = encode(value, room);
        const back = codec.decode(codecId, record, 0, record.length, false);
        assert.deepStrictEqual(back, value);
        if (value !== undefined) assert.deepStrictEqual(readByTheirs(record), value);
      }),
      RUNS,
    );
  });

  it('a Map of strings as an object, and an object of a class as a plain one', () => {
    class Point {
      x = 1;
    }
    assert.deepStrictEqual(decode(encode(new Map([['a', new Point()]])).record), { a: { x: 1 } });
    assert.deepStrictEqual(decode(encode(Uint8Array.of(1)).record), Buffer.of(1));
    assert.equal(decode(encode(5n).record), 5);
    assert.equal(decode(encode('a\ud800').record), 'a\ufffd');
  });

  it('what a getter gives, which runs once', () => {
    let runs = 0;
    const value = { get x() { return ++runs; } }; // prettier-ignore
    assert.deepEqual(decode(encode(value, 0).record), { x: 1 });
    assert.equal(runs, 1);
  });

  it('the bytes that there are, whatever their class says of them', () => {
    class Long extends Uint8Array {
      get length() {
        return 100;
      }
    }
    class Short extends Buffer {
      get length() {
        return 2;
      }
    }
    const short = Object.setPrototypeOf(Buffer.alloc(300, 1), Short.prototype);
    assert.deepStrictEqual(decode(encode(new Long(3)).record), Buffer.alloc(3));
    assert.deepStrictEqual(decode(encode(short).record), Buffer.alloc(300, 1));
    const foreign = runInNewContext('Uint8Array.of(1, 2)');
    assert.deepStrictEqual(decode(encode(foreign).record), Buffer.of(1, 2));
  });

  it('JSON and bytes of the other end, and nothing else (P9.20)', () => {
    assert.deepEqual(codec.decode(2, Buffer.from('{"a":1}'), 0, 7, false), { a: 1 });
    assert.deepEqual(codec.decode(5, Buffer.from('abc'), 0, 3, false), Buffer.from('abc'));
    for (const id of [1, 4, 6, 7])
      assert.throws(() => codec.decode(id, Buffer.from('00', 'hex'), 0, 1, false), {
        rule: 'P9.3',
      });
  });

  it('Buffers that nothing else writes to', () => {
    const { record } = encode({ small: Buffer.from('ab'), large: Buffer.alloc(20_000, 1) });
    const borrowed = decode(record);
    const { small } = decode(record, true);
    record.fill(0);
    assert.deepEqual(borrowed.small, Buffer.from('ab'));
    assert.equal(borrowed.large[0], 1);
    assert.deepEqual(small, Buffer.from('ab'));
  });
});

describe("codec 'msgpack' refuses", () => {
  const cycle = [1];
  cycle.push({ cycle });
  let deep = [];
  for (let i = 0; i < 1000; i++) deep = [deep];
  const REFUSED = {
    'a function': [{ list: [1, { fn() {} }] }, 'payload.list[1].fn'],
    'a symbol': [[Symbol('s')], 'payload[0]'],
    'a hole': [[1, , 3], 'payload[1]'], // eslint-disable-line no-sparse-arrays
    'a boxed primitive': [{ n: Object(1) }, 'payload.n'],
    'a BigInt of over 64 bits': [{ n: 2n ** 64n }, 'payload.n'],
    'a negative BigInt of over 64 bits': [-(2n ** 63n) - 1n, 'payload'],
    'a Map with a key that is no string': [{ map: new Map([[{}, 1]]) }, 'payload.map.keys()[0]'],
    'a value of a Map': [new Map([['k', { f() {} }]]), 'payload.get("k").f'],
    'a Set': [new Set(), 'payload'],
    'a RegExp': [/x/, 'payload'],
    'an Error': [[new Error('x')], 'payload[0]'],
    'a Proxy': [new Proxy({}, {}), 'payload'],
    'an invalid Date': [new Date(NaN), 'payload'],
    'a typed array': [Float64Array.of(1), 'payload'],
    'an ArrayBuffer': [new ArrayBuffer(1), 'payload'],
    'a getter that throws': [{ get x() { throw new Error('boo'); } }, 'payload.x'], // prettier-ignore
  };
  for (const [what, [value, path]] of Object.entries(REFUSED)) {
    it(`${what}, naming the place, and goes on`, () => {
      assert.throws(() => encode(value), (error) => {
        assert.equal(error.code, 'ERR_HAWSER_SERIALIZE');
        assert.equal(error.path, path);
        assert.ok(error.message.startsWith(path), error.message);
        return true;
      }); // prettier-ignore
      assert.equal(decode(encode(1).record), 1);
    });
  }

  it('cycles and what is nested deeper than 1000 levels', () => {
    for (const value of [cycle, deep])
      assert.throws(() => encode(value), { code: 'ERR_HAWSER_SERIALIZE', message: /1000 levels/ });
    assert.deepEqual(decode(encode(deep[0]).record), deep[0]);
  });
});

describe("codec 'msgpack' makes no", () => {
  it('message that is sure to be too long, however small the value', () => {
    let value = 'some text that is shared';
    for (let i = 0; i < 60; i++) value = [value, value];
    assert.throws(() => encode({ value }), { name: 'TooLargeError' });
    assert.throws(() => encode([Buffer.alloc(64 * 1024 * 1024)]), { name: 'TooLargeError' });
    assert.deepStrictEqual(decode(encode([1]).record), [1]);
  });
});

describe("codec 'msgpack' reads no", () => {
  const MALFORMED = {
    'empty record': '',
    'bytes behind the value': '01 01',
    'byte that is never used': 'c1',
    'array that claims 2^32 - 1 elements': 'dd ffffffff 01',
    'map that claims 2^32 - 1 pairs': 'df ffffffff 01 02',
    'text of 2^32 - 1 bytes': 'db ffffffff 61',
    'bytes of 2^32 - 1': 'c6 ffffffff 61',
    'ext of 2^32 - 1 bytes': 'c9 ffffffff 05',
    'ext of another type': 'd4 05 00',
    'record of another library': 'd4 72 40 91 a1 61 01',
    'undefined of two bytes': 'd5 00 0000',
    'timestamp of three bytes': 'c7 03 ff 000000',
    'timestamp of no time': 'c7 0c ff 00000000 7fffffffffffffff',
    'timestamp of too many nanoseconds': 'c7 0c ff 3b9aca00 0000000000000000',
    'key that is an array': '81 90 01',
    'key that is null': '81 c0 01',
    'text that is no UTF-8': 'a2 c328',
  };
  for (const [what, bytes] of Object.entries(MALFORMED)) {
    it(what, () => {
      assert.throws(() => decode(hex(bytes)), { code: 'ERR_HAWSER_PROTOCOL', rule: 'P9.3' });
    });
  }

  it('more than 1000 levels, however many there are', () => {
    for (const unit of [[0x91], [0x81, 0x01]]) {
      const bytes = Buffer.from(
        Array.from({ length: 100_000 }, () => unit)
          .flat()
          .concat(0xc0),
      );
      assert.throws(() => decode(bytes), { rule: 'P9.3', message: /1000 levels/ });
    }
  });

  it('value that ends early, wherever it ends', () => {
    const value = { a: [1, 300, -5, 1.5, 2 ** 40], b: 'text', c: Buffer.alloc(3), d: new Date(1) };
    const { record } = encode(value, 200);
    for (let end = 0; end < record.length; end++)
      assert.throws(() => decode(record.subarray(0, end)), { rule: 'P9.3' });
  });

  it('bytes but as a value or a ProtocolError, and touches no prototype', () => {
    const before = Object.getOwnPropertyNames(Object.prototype).length;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decode(Buffer.from(bytes));
        } catch (error) {
          assert.equal(error.code, 'ERR_HAWSER_PROTOCOL', error.stack);
        }
      }),
      { ...RUNS, numRuns: 5000 },
    );
    assert.equal(Object.getOwnPropertyNames(Object.prototype).length, before);
    assert.equal({}.polluted, undefined);
  });

  it('integer keys but as text', () => {
    assert.deepEqual(decode(hex('82 01 a1 61 ff 02')), { 1: 'a', '-1': 2 });
  });
});
