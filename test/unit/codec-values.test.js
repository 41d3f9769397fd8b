'use strict';

const assert = require('node:assert/strict');
const vm = require('node:vm');
const { HOLE, Pair, assertSame, holey } = require('./codec-graph');

/** Arrives as structuredClone would deliver it, also once its shapes are defined and compiled. */
function arrivesAsCloned(value) {
  const expected = structuredClone(value);
  const pair = new Pair();
  for (let i = 0; i < 12; i++) assertSame(pair.send(value), expected);
  assertSame(new Pair({ shapes: false }).send(value), expected);
}

/** The same with getters and the like, that must run once: every time a value of its own. */
function arrivesAsClonedFresh(make) {
  const pair = new Pair();
  for (let i = 0; i < 12; i++) assertSame(pair.send(make()), structuredClone(make()));
}

const PRIMITIVES = [
  undefined, null, true, false, 0, -0, 1, 63, 64, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 0.1, -1e300,
  Number.MIN_VALUE, Number.MAX_SAFE_INTEGER, NaN, Infinity, -Infinity,
  0n, 1n, -1n, 255n, 256n, 2n ** 63n, -(2n ** 64n), 3n ** 2000n, -(7n ** 999n),
  '', 'a', 'é', 'ÿ', 'Ā', '日本語', '👍', '\ud800', 'a\udc00b', '\0', '\u2028', '__proto__',
]; // prettier-ignore

describe('StructuredEncoder and StructuredDecoder: primitives', () => {
  for (const value of PRIMITIVES) {
    const name =
      typeof value === 'string'
        ? JSON.stringify(value)
        : `${Object.is(value, -0) ? '-0' : String(value)} (${typeof value})`;
    it(`deliver ${name.slice(0, 60)}`, () => arrivesAsCloned(value));
  }

  for (const length of [19, 20, 21, 62, 63, 64, 255, 256, 5000, 70000]) {
    it(`deliver strings of ${length} characters, Latin-1 and wider`, () => {
      for (const end of ['z', 'ÿ', 'Ā', '\ud83d']) arrivesAsCloned('x'.repeat(length - 1) + end);
    });
  }

  it('deliver a string put together of many', () => {
    let text = '';
    for (let i = 0; i < 2000; i++) text += `piece ${i} `;
    arrivesAsCloned([text, text]);
  });
});

describe('StructuredEncoder and StructuredDecoder: objects', () => {
  const shared = { shared: true };
  const cyclic = { name: 'a', list: [] };
  cyclic.self = cyclic;
  cyclic.list.push(cyclic, { parent: cyclic });
  const cyclicMap = new Map();
  cyclicMap.set(cyclicMap, [cyclicMap]);
  const cyclicSet = new Set([shared]);
  cyclicSet.add(cyclicSet);
  const pointless = Object.assign(Object.create(null), { a: 1, b: { c: 2 } });
  class Point {
    #secret = 1;
    x = 1;
    get y() {
      return this.#secret;
    }
  }
  const buffer = new ArrayBuffer(16);

  const cases = {
    'an empty object': {},
    'nested objects': { a: { b: { c: [{ d: 1 }] } } },
    'keys that look like integers before the others, in order': { b: 1, 10: 2, 2: 3, a: 4 },
    '__proto__ as a key of its own': JSON.parse('{"__proto__":{"x":1},"a":1}'),
    'keys of Object.prototype': { constructor: 1, toString: 2, hasOwnProperty: null, valueOf: [] },
    'keys of every kind': { '': 1, ' ': 2, 'é': 3, '日': 4, "'": 5, '"': 6, '\\': 7, '\u2028': 8, '\n': 9, '${x}': 10, '*/': 11 },
    'undefined values': { a: undefined, b: undefined },
    'an object without a prototype': pointless,
    'an instance of a class': new Point(),
    'an instance of an anonymous prototype': Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true } }),
    'symbol keys and hidden properties, which it leaves out': Object.defineProperty({ a: 1, [Symbol('s')]: 2 }, 'hidden', { value: 3 }),
    'a shared object': { a: shared, b: shared, c: [shared, shared] },
    'cycles': cyclic,
    'a Map that holds itself': cyclicMap,
    'a Set that holds itself': cyclicSet,
    'more than a hundred objects, some of them shared': Array.from({ length: 150 }, (_, i) => (i % 7 === 0 ? shared : { i, shared })),
    'a frozen object': Object.freeze({ a: Object.freeze([1]) }),
    'seventy keys': Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`key${i}`, i])),
    'a hundred arrays': Array.from({ length: 100 }, (_, i) => [i, [i]]),
    'an object of another realm': vm.runInNewContext('({ a: new Map([[1, [2, new Date(3)]]]), b: [1,,2] })'),
    'Math, as an empty object': Math,
    Dates: [new Date(0), new Date(-1), new Date(NaN), new Date(8.64e15)],
    RegExps: [/a/, /\//giu, new RegExp(''), /[\u2028]\n/ms, /(?<n>x)/dy],
    'a RegExp with its lastIndex at 0': Object.assign(/a/g, { lastIndex: 5 }),
    'boxed primitives': [new Number(-0), new String('\ud800'), new Boolean(false), Object(10n)],
    'a shared boxed primitive': [cases => cases, 0].slice(1).concat([Object(1)].flatMap((x) => [x, x])),
    'a Map with keys of every kind': new Map([[-0, 'zero'], [NaN, 1], ['a', { b: 1 }], [{ k: 1 }, new Map()], [undefined, undefined]]),
    'a Set': new Set([1, '1', null, [1], new Set()]),
    'subclasses of Map, Set, Array and Date': [new (class extends Map {})([[1, 2]]), new (class extends Set {})([1]), new (class extends Array {})(3).fill(1), new (class extends Date {})(1)],
    'ArrayBuffers': [new ArrayBuffer(0), new Uint8Array([1, 2, 3]).buffer],
    'every kind of view with its bounds': [
      Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
      Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView,
    ].map((ctor) => new ctor(buffer, 8, 1)),
    'views that share a buffer, and the buffer': [new Uint8Array(buffer, 3, 4), buffer, new DataView(buffer, 1)],
    'a view met before its buffer': { view: new Uint16Array(buffer, 2, 2), buffer, again: [new Uint8Array(buffer)] },
    'a subclass of Uint8Array': new (class extends Uint8Array {})([1, 2]),
    'typed arrays without elements': [new Float64Array(0), new Uint8Array(buffer, 16)],
    'a typed array with properties of its own, which it leaves out': Object.assign(new Uint8Array(2), { x: 1 }),
  }; // prettier-ignore

  for (const [name, value] of Object.entries(cases))
    it(`deliver ${name}`, () => arrivesAsCloned(value));

  it('deliver a URL as an empty object where structuredClone does, else refuse it', () => {
    const url = new URL('http://example.com/');
    try {
      structuredClone(url);
    } catch {
      assert.throws(() => new Pair().send(url), { code: 'ERR_HAWSER_SERIALIZE', path: 'payload' });
      return;
    }
    arrivesAsCloned(url);
  });

  it('deliver resizable ArrayBuffers, and views that follow their length or do not', () => {
    for (const [size, max] of [[8, 16], [8, 8], [0, 16], [0, 0], [1, 1]]) {
      const resizable = () => new ArrayBuffer(size, { maxByteLength: max });
      const whole = resizable();
      arrivesAsCloned([whole, new Uint8Array(whole), new Uint8Array(whole, 0, size), new DataView(whole), new DataView(whole, 0, size)]);
      arrivesAsCloned(new Uint8Array(resizable(), size >> 1));
      arrivesAsCloned(new Uint8Array(resizable(), size >> 1, size >> 2));
      if (size === 8) arrivesAsCloned([new Float64Array(resizable()), new Uint16Array(resizable(), 2), new Uint32Array(resizable(), 4, 1)]);
    }
  }); // prettier-ignore
});

describe('StructuredEncoder and StructuredDecoder: arrays', () => {
  const sparse = [];
  sparse[1e6] = 'far';
  const longest = [];
  longest[4294967294] = 'last';
  const cases = {
    'an empty array': [],
    'holes': holey(1, HOLE, 3),
    'a hole first and last': holey(HOLE, 1, HOLE),
    'nothing but holes': new Array(5),
    'undefined, which is no hole': holey(undefined, HOLE, undefined),
    'a sparse array': sparse,
    'the longest array': longest,
    'a long array without elements': new Array(1e9),
    'a length beyond the elements': Object.assign([1, 2], { length: 10 }),
    'the result of a match': 'abc'.match(/(?<x>b)(z)?/),
    'properties of its own': Object.assign([1, 2], { x: { y: 1 }, '-1': 2, '01': 3, '1.5': 4, constructor: 5 }),
    '__proto__ among the properties': Object.defineProperty([1], '__proto__', { value: [2], enumerable: true }),
    'holes and properties': Object.assign(holey(HOLE, 1, HOLE), { x: 1 }),
    'as many properties as holes': Object.assign(holey(1, HOLE, 3), { x: 1 }),
    'elements that are not enumerable': Object.defineProperty([1, 2, 3], 1, { value: 5, enumerable: false }),
    'a hidden element and a property': Object.assign(Object.defineProperty([1, 2, 3], 2, { value: 5, enumerable: false }), { x: 1 }),
    'an array of 15 and one of 16': [new Array(15).fill(1), new Array(16).fill(1)],
    'extended arrays of 15 and of 16': [Object.assign(new Array(15).fill(1), { x: 1 }), Object.assign(new Array(16).fill(1), { x: 1 })],
    'three hundred elements': Array.from({ length: 300 }, (_, i) => i * 1.5),
    'three hundred elements and a property': Object.assign(Array.from({ length: 300 }, (_, i) => i), { x: 1 }),
    'three hundred elements and a hole': Object.assign(Array.from({ length: 300 }, (_, i) => i), { length: 301 }),
  }; // prettier-ignore
  for (const [name, value] of Object.entries(cases))
    it(`deliver ${name}`, () => arrivesAsCloned(value));

  it('deliver an array with a property that summaries escape', () => {
    const many = Array.from({ length: 200 }, (_, i) => i);
    for (const key of ['... 200 more items ', '', ']', 'length ']) {
      arrivesAsCloned(Object.assign([...many], { [key]: undefined }));
    }
  });

  it('take no memory for a length that nothing fills', () => {
    const before = process.memoryUsage().rss;
    const arrived = new Pair().send(new Array(4e9));
    assert.equal(arrived.length, 4e9);
    assert.ok(process.memoryUsage().rss - before < 64e6);
  });
});

describe('StructuredEncoder: values that change under it', () => {
  const cases = {
    'a getter that deletes the next property': () => ({ get a() { delete this.b; return 1; }, b: 2, c: 3 }),
    'a getter that deletes all others': () => ({ get a() { delete this.b; delete this.c; return 1; }, b: 2, c: 3 }),
    'a getter that deletes and adds': () => ({ get a() { delete this.b; this.c = 9; this.d = 4; return 1; }, b: 2, c: 3 }),
    'a getter that hides the next property': () => ({ get a() { Object.defineProperty(this, 'b', { enumerable: false }); return 1; }, b: 2 }),
    'a nested getter that deletes from its parent': () => { const o = { a: { get x() { delete o.b; return 1; } }, b: 2, c: 3 }; return o; },
    'a deleted property whose prototype shines through': () => { const o = { a: { get x() { delete o.toString; return 1; } }, toString: 2 }; return o; },
    'a deleted __proto__': () => { const o = JSON.parse('{"a":0,"__proto__":1}'); Object.defineProperty(o, 'a', { enumerable: true, get() { delete o['__proto__']; return 1; } }); return o; },
    'a class instance that loses what its prototype has': () => { class A { b() {} } const o = new A(); o.a = { get x() { delete o.b; return 1; } }; o.b = 2; return o; },
    'a getter that gives undefined': () => ({ get a() { return undefined; }, b: 1 }),
    'an array that shrinks': () => { const a = [{ get x() { a.length = 1; return 1; } }, 2, 3]; return a; },
    'an array that grows': () => { const a = [{ get x() { a.push(1); a.extra = 1; return 1; } }, 2, 3]; return a; },
    'an array that loses what was sent': () => { const a = [1, { get x() { delete a[0]; return 1; } }, 3]; return a; },
    'an element that is a getter': () => Object.defineProperty([1, 2, 3], 1, { enumerable: true, get: () => ({ y: 1 }) }),
    'a Map that loses entries': () => { const m = new Map([['a', { get x() { m.clear(); return 1; } }], ['b', { c: 1 }]]); return m; },
    'a Set that grows': () => { const s = new Set(); s.add({ get x() { s.add(1); return 1; } }); return s; },
    'a getter that changes an object met before': () => { const first = { v: 1 }; return { first, get next() { first.v = 2; return first; } }; },
  }; // prettier-ignore
  for (const [name, make] of Object.entries(cases))
    it(`follows ${name}`, () => arrivesAsClonedFresh(make));

  it('runs each getter once, in order, wherever the record goes', () => {
    for (let room = 0; room < 200; room++) {
      const calls = [];
      const value = { get a() { calls.push('a'); return 'x'.repeat(30); }, list: [{ get b() { calls.push('b'); return 'y'.repeat(60); } }] }; // prettier-ignore
      new Pair().encode(value, 16, 16 + room);
      assert.deepEqual(calls, ['a', 'b']);
    }
  });

  it('sends the same whatever was added to Object.prototype', () => {
    const pair = new Pair();
    for (let i = 0; i < 10; i++) pair.send({ a: 1, polluted: 2 });
    try {
      Object.prototype.polluted = 3;
      const arrived = pair.send([{ a: 1 }, { a: 1, polluted: 2 }]);
      assert.deepEqual(arrived.map(Object.keys), [['a'], ['a', 'polluted']]);
    } finally {
      delete Object.prototype.polluted;
    }
  });
});

describe('StructuredEncoder and StructuredDecoder: Buffers', () => {
  it('deliver a Buffer as one, with its own bytes only', () => {
    const pool = Buffer.alloc(1 << 20, 'secret');
    const slice = pool.subarray(100, 103);
    slice.write('abc');
    const bytes = new Pair().encode(slice);
    assert.ok(bytes.length < 16);
    const arrived = new Pair().send({ slice, again: slice });
    assert.ok(Buffer.isBuffer(arrived.slice));
    assert.equal(arrived.slice.toString(), 'abc');
    assert.equal(arrived.slice, arrived.again);
  });

  it('deliver all bytes of a Buffer, and no others, whatever it says of its length', () => {
    const sayingLength = (buffer, value) => Object.defineProperty(buffer, 'length', { value });
    const few = sayingLength(Buffer.from('abc'), 60);
    const many = sayingLength(Buffer.alloc(100, 7), 2);
    const arrived = new Pair().send([few, many]);
    assert.deepEqual(arrived, [Buffer.from('abc'), Buffer.alloc(100, 7)]);
  });

  it('deliver a Buffer over an ArrayBuffer that travels too as a view of it', () => {
    const whole = new ArrayBuffer(16);
    const arrived = new Pair().send([whole, Buffer.from(whole, 4, 8)]);
    assert.ok(Buffer.isBuffer(arrived[1]));
    assert.equal(arrived[1].buffer, arrived[0]);
    assert.deepEqual([arrived[1].byteOffset, arrived[1].length], [4, 8]);
  });

  it('let a large Buffer be a view of a message that is its own, never of another', () => {
    const pair = new Pair();
    const bytes = pair.encode(Buffer.alloc(100_000, 7));
    assert.equal(pair.decoder.decode(bytes, 0, bytes.length, true).buffer, bytes.buffer);
    const copy = pair.decoder.decode(bytes, 0, bytes.length, false);
    bytes.fill(0);
    assert.ok(copy.every((byte) => byte === 7));
  });

  for (const size of [0, 1, 32, 4095, 32767, 32768, 65536, 300000]) {
    it(`deliver ${size} bytes, in place or apart`, () => {
      const data = Buffer.alloc(size, 'data');
      const arrived = new Pair().send({
        before: 'b',
        data,
        after: [data.subarray(0, 3)],
        array: new Uint8Array(data),
      });
      assert.deepEqual(arrived, {
        before: 'b',
        data,
        after: [data.subarray(0, 3)],
        array: new Uint8Array(data),
      });
    });
  }
});
