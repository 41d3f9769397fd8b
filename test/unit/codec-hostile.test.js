'use strict';

const assert = require('node:assert/strict');
const fc = require('fast-check');
const T = require('../../lib/codec/tags');
const { StructuredDecoder } = require('../../lib/codec/structured-decoder');
const { graph, knotted } = require('./codec-arbitraries');
const { Pair, assertSame } = require('./codec-graph');

const RUNS = { numRuns: 1000, seed: 20261121 };
/** A shape's reader is compiled by then. */
const REPEATS = 12;
const MALFORMED = { code: 'ERR_HAWSER_PROTOCOL' };

const PROTOTYPES = [Object, Array, Function, Map, Set, Date, RegExp, Error, ArrayBuffer, Uint8Array]
  .map((ctor) => ctor.prototype)
  .concat(Object.getPrototypeOf(Uint8Array.prototype), Buffer.prototype);
const keysOfPrototypes = () => PROTOTYPES.map(Reflect.ownKeys);

/** The value, or the ProtocolError that came instead of one. */
function outcomeOf(decoder, bytes) {
  try {
    return { value: decoder.decode(bytes, 0, bytes.length) };
  } catch (error) {
    assert.equal(error.code, 'ERR_HAWSER_PROTOCOL', String(error?.stack));
    assert.match(error.rule, /^P\d+\.\d+$/);
    return { error };
  }
}

/** Two decoders, with and without generated code, must come to the same; the outcome of both. */
function decodeTwice({ compiled, looped }, bytes) {
  const outcome = outcomeOf(compiled, bytes);
  const other = outcomeOf(looped, Buffer.from(bytes));
  assert.equal('value' in outcome, 'value' in other);
  if ('value' in outcome) assertSame(outcome.value, other.value);
  return outcome;
}

/** The record of a value, and decoders that have seen it before. */
function prepare(value) {
  const pair = new Pair();
  const compiled = pair.decoder;
  const looped = new StructuredDecoder({ compile: false });
  let bytes;
  for (let i = 0; i < REPEATS; i++) {
    bytes = pair.encode(value);
    pair.definitions.forEach((payload) => looped.define(payload, 0, payload.length));
    decodeTwice({ compiled, looped }, bytes);
  }
  return { compiled, looped, bytes };
}

const place = fc.nat({ max: 0xffff });
const byte = fc.oneof(
  fc.nat({ max: 255 }),
  fc.constantFrom(...Object.values(T).filter((tag) => typeof tag === 'number' && tag < 256)),
);
const mutation = fc.oneof(
  fc.record({ kind: fc.constant('set'), place, byte }),
  fc.record({ kind: fc.constant('insert'), place, byte }),
  fc.record({ kind: fc.constant('remove'), place, count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({
    kind: fc.constant('copy'),
    place,
    count: fc.integer({ min: 1, max: 12 }),
    to: place,
  }),
  fc.record({ kind: fc.constant('cut'), place }),
);

function mutate(bytes, { kind, place: at, byte: value, count, to }) {
  const i = at % (bytes.length + 1);
  const [head, tail] = [bytes.subarray(0, i), bytes.subarray(i)];
  switch (kind) {
    case 'set':
      return Buffer.concat([head, Buffer.from([value]), tail.subarray(1)]);
    case 'insert':
      return Buffer.concat([head, Buffer.from([value]), tail]);
    case 'remove':
      return Buffer.concat([head, tail.subarray(count)]);
    case 'copy': {
      const j = to % (bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, j), tail.subarray(0, count), bytes.subarray(j)]);
    }
    default:
      return head;
  }
}

describe('StructuredDecoder: hostile bytes', () => {
  let before;
  beforeEach(() => (before = keysOfPrototypes()));
  afterEach(() => assert.deepEqual(keysOfPrototypes(), before));

  it('are a value or a ProtocolError where a record was altered', () => {
    let values = 0;
    const count = fc.property(knotted, fc.array(mutation, { minLength: 1, maxLength: 4 }), (value, mutations) => {
      const prepared = prepare(value);
      const bytes = mutations.reduce(mutate, prepared.bytes);
      if ('value' in decodeTwice(prepared, bytes)) values++;
    }); // prettier-ignore
    fc.assert(count, RUNS);
    assert.ok(values > RUNS.numRuns / 20 && values < RUNS.numRuns, `${values} values`);
  });

  it('are a ProtocolError where a record was cut short at any byte, or goes on', () => {
    const property = fc.property(graph, fc.nat({ max: 255 }), (value, more) => {
      const prepared = prepare(value);
      const { bytes } = prepared;
      for (let n = 0; n < bytes.length; n += 1 + (n >> 7)) {
        assert.ok('error' in decodeTwice(prepared, Buffer.from(bytes.subarray(0, n))));
      }
      const longer = Buffer.concat([bytes, Buffer.from([more])]);
      assert.ok('error' in decodeTwice(prepared, longer));
    });
    fc.assert(property, { ...RUNS, numRuns: 60 });
  });

  it('are a ProtocolError where the record ends before its bytes do, in the midst of others', () => {
    const value = { id: 70_000, name: 'short', list: [1, 'two', 3.5], deep: { more: 'characters' } };
    const prepared = prepare(value);
    const room = Buffer.concat([prepared.bytes, prepared.bytes]);
    for (let n = 0; n < prepared.bytes.length; n++) {
      assert.throws(() => prepared.compiled.decode(room, 0, n), { ...MALFORMED, rule: n === 0 ? 'P9.4' : 'P9.5' });
      assert.throws(() => prepared.looped.decode(room, 0, n), MALFORMED);
    }
  }); // prettier-ignore

  it('are a value or a ProtocolError where they are random', () => {
    const prepared = prepare([{ id: 1, name: 'x' }, { id: 2, list: [] }]); // prettier-ignore
    const tags = fc.array(byte, { maxLength: 60 });
    const property = fc.property(fc.boolean(), tags, (references, rest) => {
      decodeTwice(prepared, Buffer.from([references ? 1 : 0, ...rest]));
    });
    fc.assert(property, { ...RUNS, numRuns: 10_000 });
  });

  it('leave the decoder as it was', () => {
    const property = fc.property(knotted, mutation, (value, change) => {
      const prepared = prepare(value);
      decodeTwice(prepared, mutate(prepared.bytes, change));
      const again = prepared.compiled.decode(prepared.bytes, 0, prepared.bytes.length);
      assertSame(again, structuredClone(value));
    });
    fc.assert(property, { ...RUNS, numRuns: 300 });
  });

  it('are a definition or a ProtocolError in define()', () => {
    const property = fc.property(fc.array(byte, { maxLength: 20 }), (rest) => {
      const decoder = new StructuredDecoder();
      const bytes = Buffer.from([0, 0, ...rest]);
      try {
        decoder.define(bytes, 0, bytes.length);
      } catch (error) {
        assert.equal(error.code, 'ERR_HAWSER_PROTOCOL', String(error?.stack));
      }
    });
    fc.assert(property, RUNS);
  });
});

const u32 = (n) => [n & 255, (n >>> 8) & 255, (n >>> 16) & 255, n >>> 24];
const f64 = (n) => [...new Uint8Array(new Float64Array([n]).buffer)];
const MAX = u32(0xffffffff);
const TAIL = new Array(40).fill(T.INTEGER);

describe('StructuredDecoder: claims beyond the bytes', () => {
  const claims = {
    'an array': [T.ARRAY, ...MAX],
    'an array that the bytes left would not fill': [T.ARRAY, ...u32(41)],
    'an object': [T.OBJECT, ...MAX],
    'a Map': [T.MAP, ...MAX],
    'a Set': [T.SET, ...MAX],
    'a string': [T.LATIN1, ...MAX],
    'a wide string': [T.UTF16, ...u32(0xfffffffe)],
    'a BigInt': [T.BIGINT, 0, ...MAX],
    'a Buffer': [T.BUFFER, ...MAX],
    'an ArrayBuffer': [T.ARRAY_BUFFER, ...MAX],
    'a resizable ArrayBuffer': [T.RESIZABLE_BUFFER, ...f64(2 ** 53), ...u32(1)],
    'a resizable ArrayBuffer of no sensible size': [T.RESIZABLE_BUFFER, ...f64(NaN), ...u32(0)],
    'the rest of an array': [T.ARRAY_EXTENDED, ...MAX, T.REST, ...MAX],
    'a reference': [T.REFERENCE, ...MAX],
    'a view': [T.VIEW, 2, 0, ...f64(0), ...f64(2 ** 40), T.ARRAY_BUFFER, ...u32(4)],
    'a view at a negative offset': [T.VIEW, 2, 0, ...f64(-1), ...f64(1), T.ARRAY_BUFFER, ...u32(4)],
    'a DataView': [T.VIEW, 0, 0, ...f64(0), ...f64(1e6), T.ARRAY_BUFFER, ...u32(4)],
  }; // prettier-ignore
  for (const [name, bytes] of Object.entries(claims)) {
    it(`throws for ${name}, and takes no memory`, () => {
      for (const references of [0, 1]) {
        const record = Buffer.from([references, ...bytes, ...TAIL]);
        const before = process.memoryUsage();
        for (let i = 0; i < 50; i++) {
          const decoder = new StructuredDecoder();
          assert.throws(() => decoder.decode(record, 0, record.length), MALFORMED);
        }
        const after = process.memoryUsage();
        assert.ok(after.rss - before.rss < 64e6, `${after.rss - before.rss} bytes`);
        assert.ok(after.arrayBuffers - before.arrayBuffers < 8e6);
      }
    });
  }

  for (const length of [2000, 30e6, 0xffffffff]) {
    it(`makes an array of ${length} elements that nothing fills without memory for them`, () => {
      const bytes = Buffer.from([0, T.ARRAY_EXTENDED, ...u32(length), T.REST, ...u32(0)]);
      const before = process.memoryUsage().rss;
      const kept = [];
      for (let i = 0; i < 20; i++) {
        kept.push(new StructuredDecoder().decode(bytes, 0, bytes.length));
      }
      assert.ok(kept.every((array) => array.length === length && Object.keys(array).length === 0));
      assert.ok(process.memoryUsage().rss - before < 64e6);
    });
  }

  it('takes no memory for arrays within arrays that each claim all the bytes that are left', () => {
    const size = 500_000;
    const bytes = Buffer.alloc(size, T.INTEGER);
    bytes[0] = 0;
    for (let p = 1, i = 0; i < 900; i++, p += 5) bytes.set([T.ARRAY, ...u32(size - p - 5)], p);
    const before = process.memoryUsage().rss;
    assert.throws(() => new StructuredDecoder().decode(bytes, 0, size), MALFORMED);
    assert.ok(process.memoryUsage().rss - before < 128e6);
  });

  it('counts the address space of all resizable ArrayBuffers of a record', () => {
    const one = (maximum) => [T.RESIZABLE_BUFFER, ...f64(maximum), ...u32(0)];
    const decode = (bytes) => new StructuredDecoder().decode(Buffer.from(bytes), 0, bytes.length);
    const half = T.MAX_RESERVED_BYTES / 2;
    assert.equal(decode([0, T.ARRAY_SHORT + 2, ...one(half), ...one(half)]).length, 2);
    assert.throws(
      () => decode([0, T.ARRAY_SHORT + 3, ...one(half), ...one(half), ...one(1)]),
      MALFORMED,
    );
    const many = new Array(T.MAX_RESIZABLE_BUFFERS + 1).fill(one(0)).flat();
    assert.throws(() => decode([0, T.ARRAY, ...u32(257), ...many]), MALFORMED);
  });
});

describe('StructuredDecoder: keys that mean something to the language', () => {
  const decode = (...bytes) =>
    new StructuredDecoder().decode(Buffer.from([0, ...bytes]), 0, bytes.length + 1);
  const key = (name) => [T.STRING + name.length, ...Buffer.from(name)];

  it('are data in an object, an array, an error and a shape', () => {
    const polluting = [...key('__proto__'), T.OBJECT_SHORT + 1, ...key('polluted'), T.TRUE];
    const object = decode(T.OBJECT_SHORT + 1, ...polluting);
    const array = decode(T.ARRAY_EXTENDED_SHORT, T.REST, ...u32(1), ...polluting);
    const error = decode(T.ERROR, ...new Array(4).fill(T.UNDEFINED), ...polluting, T.END);
    for (const value of [object, array, error]) {
      assert.equal(value.polluted, undefined);
      assert.deepEqual(Object.getOwnPropertyDescriptor(value, '__proto__')?.value, { polluted: true });
    }
    assert.equal({}.polluted, undefined);
  }); // prettier-ignore

  it('cannot set the length of an array', () => {
    assert.throws(
      () => decode(T.ARRAY_EXTENDED_SHORT, T.REST, ...u32(1), ...key('length'), T.INTEGER),
      MALFORMED,
    );
  });

  it('run no setter that Object.prototype was given', () => {
    const calls = [];
    Object.defineProperty(Object.prototype, 'trap', { configurable: true, set() { calls.push(1); } }); // prettier-ignore
    try {
      const object = decode(T.OBJECT_SHORT + 1, ...key('trap'), T.INTEGER + 1);
      assert.deepEqual(Object.entries(object), [['trap', 1]]);
    } finally {
      delete Object.prototype.trap;
    }
    assert.deepEqual(calls, []);
  });
});

describe('StructuredDecoder: nesting', () => {
  it('throws beyond 1,000 levels of whatever holds values', () => {
    const levels = {
      arrays: [T.ARRAY_SHORT + 1],
      objects: [T.OBJECT_SHORT + 1, T.STRING + 1, 97],
      Maps: [T.MAP, ...u32(1), T.NULL],
      Sets: [T.SET, ...u32(1)],
      boxes: [T.BOXED],
      views: [T.VIEW, 2, 0, ...f64(0), ...f64(0)],
      errors: [T.ERROR, 0, 0, 0, 0, T.STRING + 1, 97],
    };
    for (const [name, level] of Object.entries(levels)) {
      for (const references of [0, 1]) {
        const bytes = Buffer.from([references, ...new Array(5000).fill(level).flat(), T.NULL]);
        assert.throws(
          () => new StructuredDecoder().decode(bytes, 0, bytes.length),
          MALFORMED,
          name,
        );
      }
    }
  });
});
