'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { SerializationError } = require('../../lib/errors');
const { StructuredDecoder } = require('../../lib/codec/structured-decoder');
const { StructuredEncoder } = require('../../lib/codec/structured-encoder');
const { HOLE, Pair, assertSame, holey, record } = require('./codec-graph');

const room = Buffer.alloc(4096);
const encode = (value) => new StructuredEncoder().encode(room, 0, room.length, value);

function refuses(value, path) {
  assert.throws(() => encode(value), (error) => {
    assert.ok(error instanceof SerializationError);
    assert.equal(error.code, 'ERR_HAWSER_SERIALIZE');
    assert.equal(error.path, path);
    assert.ok(error.message.includes(path));
    return true;
  });
} // prettier-ignore

function detached() {
  const buffer = new ArrayBuffer(8);
  const views = [buffer, new Uint8Array(buffer), Buffer.from(buffer)];
  structuredClone(buffer, { transfer: [buffer] });
  return views;
}

function shrunk() {
  const buffer = new ArrayBuffer(8, { maxByteLength: 8 });
  const view = new Uint8Array(buffer, 4, 4);
  const data = new DataView(buffer, 4, 4);
  buffer.resize(2);
  return { view, data };
}

describe('StructuredEncoder: what it refuses', () => {
  const channel = new MessageChannel();
  after(() => channel.port1.close());
  const cases = {
    'a function': () => {},
    'a symbol': Symbol('s'),
    'a boxed symbol': Object(Symbol('s')),
    'a Promise': Promise.resolve(),
    'a WeakMap': new WeakMap(),
    'a WeakSet': new WeakSet(),
    'a WeakRef': new WeakRef({}),
    'a FinalizationRegistry': new FinalizationRegistry(() => {}),
    'a generator': (function* () {})(),
    'an async generator': (async function* () {})(),
    'an array iterator': [][Symbol.iterator](),
    'a Map iterator': new Map().entries(),
    'an arguments object': (function () { return arguments; })(1, 2),
    'an empty arguments object': (function () { return arguments; })(),
    'a Proxy of an object': new Proxy({ a: 1 }, {}),
    'a Proxy of an array': new Proxy([1], {}),
    'a Proxy of a Map': new Proxy(new Map(), {}),
    'an Intl object': new Intl.NumberFormat(),
    'a SharedArrayBuffer': new SharedArrayBuffer(4),
    'a view of a SharedArrayBuffer': new Uint8Array(new SharedArrayBuffer(4)),
    'a Buffer over a SharedArrayBuffer': Buffer.from(new SharedArrayBuffer(4)),
    'a MessagePort': channel.port1,
    'a Blob': new Blob(['x']),
    'a KeyObject': crypto.createSecretKey(Buffer.alloc(8)),
    'a WebAssembly.Module': new WebAssembly.Module(Buffer.from('0061736d01000000', 'hex')),
    'a WebAssembly.Memory': new WebAssembly.Memory({ initial: 1 }),
    'a detached ArrayBuffer': detached()[0],
    'a view of a detached ArrayBuffer': detached()[1],
    'a detached Buffer': detached()[2],
    'a view that its buffer no longer covers': shrunk().view,
    'a DataView that its buffer no longer covers': shrunk().data,
    'more address space than a message may reserve': new ArrayBuffer(0, { maxByteLength: 2 ** 30 + 1 }),
  }; // prettier-ignore
  for (const [name, value] of Object.entries(cases)) {
    it(`names ${name}`, () => {
      refuses(value, 'payload');
      refuses({ list: [1, value] }, 'payload.list[1]');
    });
  }

  it('refuses the same as structuredClone, but for what another process cannot have', () => {
    const cloned = ['a Blob', 'a KeyObject', 'a WebAssembly.Module', 'a SharedArrayBuffer', 'a view of a SharedArrayBuffer', 'a Buffer over a SharedArrayBuffer', 'more address space than a message may reserve'];
    for (const [name, value] of Object.entries(cases)) {
      if (!cloned.includes(name)) assert.throws(() => structuredClone(value), undefined, name);
    }
  }); // prettier-ignore
});

describe('SerializationError: path', () => {
  const f = () => {};
  const cases = [
    [{ items: [0, 1, 2, { fn: f }] }, 'payload.items[3].fn'],
    [{ 'a b': { "it's": f } }, 'payload["a b"]["it\'s"]'],
    [{ 'grün': f }, 'payload.grün'],
    [new Map([['key', [f]]]), "payload.get('key')[0]"],
    [new Map([[1, f]]), 'payload.get(1)'],
    [new Map([[{}, 1], [{}, f]]), 'payload.values()[1]'],
    [new Map([[f, 1]]), 'payload.keys()[0]'],
    [new Set([1, f]), 'payload.values()[1]'],
    [holey(1, HOLE, f), 'payload[2]'],
    [Object.assign([1], { extra: f }), 'payload.extra'],
    [{ a: { b: { get c() { throw new Error('no'); } } } }, 'payload.a.b.c'],
    [new (class A { x = [f]; })(), 'payload.x[0]'],
  ]; // prettier-ignore
  for (const [value, path] of cases) it(`says ${path}`, () => refuses(value, path));

  it('says the same once the shapes are compiled', () => {
    const pair = new Pair();
    for (let i = 0; i < 20; i++) pair.encode({ a: 1, b: { c: 1, d: 2 } });
    assert.throws(() => pair.encode({ a: 1, b: { c: 1, d: f } }), { path: 'payload.b.d' });
  });

  it('stays short for long keys and deep nesting', () => {
    assert.throws(
      () => encode({ ['k'.repeat(1e6)]: f }),
      ({ path }) => path.length < 100,
    );
    let deep = f;
    for (let i = 0; i < 900; i++) deep = { aLongName: deep };
    assert.throws(
      () => encode(deep),
      ({ path }) => path.length < 2100,
    );
  });

  for (const thrown of [new Error('mine'), 'text', null, undefined, 0, Object.create(null)]) {
    it(`is that of the getter, and what it threw is the cause: ${Object.prototype.toString.call(thrown)}`, () => {
      const value = { a: [{ get b() { throw thrown; } }] }; // prettier-ignore
      assert.throws(() => encode(value), (error) => error instanceof SerializationError && error.path === 'payload.a[0].b' && Object.is(error.cause, thrown));
    }); // prettier-ignore
  }
});

describe('StructuredEncoder: nesting', () => {
  const wraps = {
    arrays: (inner) => [inner],
    objects: (inner) => ({ inner }),
    instances: (inner) => Object.assign(new (class A {})(), { inner }),
    'Map values': (inner) => new Map([[1, inner]]),
    'Map keys': (inner) => new Map([[inner, 1]]),
    Sets: (inner) => new Set([inner]),
    'sparse arrays': (inner) => holey(HOLE, inner),
    'mixed containers': (inner, i) => [[inner], { inner }, new Map([[1, inner]]), new Set([inner])][i % 4],
  }; // prettier-ignore
  const nest = (wrap, levels) => {
    let value = 1;
    for (let i = 0; i < levels; i++) value = wrap(value, i);
    return value;
  };

  for (const [name, wrap] of Object.entries(wraps)) {
    it(`carries 1,000 levels of ${name} and refuses 1,001`, () => {
      const value = nest(wrap, 1000);
      for (const shapes of [true, false]) {
        const pair = new Pair({ shapes });
        for (let i = 0; i < 3; i++) assertSame(pair.send(value), structuredClone(value));
      }
      assert.throws(() => encode(nest(wrap, 1001)), SerializationError);
      assert.throws(() => encode(nest(wrap, 100_000)), /nested deeper than 1000/);
    });
  }

  it('says so on both sides for a lower limit', () => {
    const value = nest(wraps.arrays, 5);
    const bytes = new Pair().encode(value);
    assert.throws(() => new StructuredEncoder({ maxDepth: 4 }).encode(room, 0, 4096, value), SerializationError);
    assert.throws(() => new StructuredDecoder({ maxDepth: 4 }).decode(bytes, 0, bytes.length), { code: 'ERR_HAWSER_PROTOCOL' });
  }); // prettier-ignore

  it('turns a stack that is nearly full into a SerializationError, and recovers', () => {
    const value = nest(wraps.arrays, 1000);
    const encoder = new StructuredEncoder();
    const outcomes = new Set();
    const outcomeOf = (call) => {
      try {
        call();
        return 'encoded';
      } catch (error) {
        return error.name;
      }
    };
    const descend = (levels) => {
      if (levels > 0) return descend(levels - 1);
      return outcomeOf(() => encoder.encode(room, 0, room.length, value));
    };
    for (let levels = 100; levels < 20_000; levels += 100) {
      outcomes.add(outcomeOf(() => outcomes.add(descend(levels))));
    }
    assert.ok(outcomes.has('SerializationError'));
    outcomes.forEach((name) => assert.match(name, /encoded|SerializationError|RangeError/));
    assert.equal(encoder.encode(room, 0, room.length, [1]), 3);
  });
});

describe('StructuredEncoder: a record that is refused', () => {
  const bad = (o) => ({ ...o, bad: () => {} });

  it('leaves no definitions and no trace in later records', () => {
    const failing = new Pair();
    const fresh = new Pair();
    for (let i = 0; i < 20; i++) {
      assert.throws(() => failing.encode([bad({ a: 1 }), { b: 1 }, bad({ a: 1 })]));
      const twice = [{ x: i }, { x: i }, { x: i }, { x: i }, { y: [{ x: 1 }] }];
      assert.deepEqual(failing.encode(twice), fresh.encode(twice));
      assert.equal(failing.encoder.takeDefinitions(), null);
    }
  });

  it('takes back the shapes that it would have defined, and only those', () => {
    const pair = new Pair();
    const first = [{ p: 1 }, { p: 1 }, { p: 1 }];
    pair.encoder.encode(room, 0, room.length, first);
    const failing = [{ q: 1 }, { q: 1 }, { q: 1 }, { q: 1 }, () => {}];
    assert.throws(() => pair.encoder.encode(room, 0, room.length, failing));
    const definitions = pair.encoder.takeDefinitions();
    assert.equal(definitions.length, 1);
    pair.decoder.define(definitions[0], 0, definitions[0].length);
    assert.deepEqual(pair.send([{ q: 1 }, { p: 2 }, { q: 3 }]), [{ q: 1 }, { p: 2 }, { q: 3 }]);
  });

  it('leaves alone what is outside of its room', () => {
    const bytes = Buffer.alloc(300, 0xee);
    const encoder = new StructuredEncoder();
    assert.throws(() => encoder.encode(bytes, 100, 140, [1, 2, 'x'.repeat(100), () => {}]));
    encoder.encode(bytes, 100, 140, ['y'.repeat(100)]);
    assert.ok(bytes.subarray(0, 100).every((byte) => byte === 0xee));
    assert.ok(bytes.subarray(140).every((byte) => byte === 0xee));
  });

  it('has no segments', () => {
    const encoder = new StructuredEncoder();
    assert.throws(() => encoder.encode(room, 0, 64, [Buffer.alloc(50_000), () => {}]));
    assert.equal(encoder.segments, null);
  });

  it('is one whose buffer shrinks after it was listed', () => {
    const big = new Uint8Array(new ArrayBuffer(50_000, { maxByteLength: 50_000 }));
    const value = { big: big.buffer, get shrink() { big.buffer.resize(10); return 1; } }; // prettier-ignore
    assert.throws(() => new StructuredEncoder().encode(room, 0, 64, value), SerializationError);
  });
});

describe('StructuredEncoder: busy', () => {
  it('is true within a getter only, where encode() throws and the outer record survives', () => {
    const encoder = new StructuredEncoder();
    const seen = [];
    const value = {
      get a() {
        seen.push(encoder.busy);
        assert.throws(() => encoder.encode(room, 0, 10, 1), SerializationError);
        encoder.release();
        return new StructuredEncoder({ shapes: false }).encode(Buffer.alloc(99), 0, 99, [{ b: 1 }]);
      },
      b: 'after',
    };
    const end = encoder.encode(room, 0, room.length, value);
    assert.deepEqual(seen, [true]);
    assert.equal(encoder.busy, false);
    const arrived = new StructuredDecoder().decode(record(encoder, end), 0, end);
    assert.deepEqual(arrived, { a: 6, b: 'after' });
    assert.throws(() => encode({ get a() { throw 1; } })); // prettier-ignore
    assert.equal(encoder.busy, false);
  });
});

describe('StructuredEncoder: release()', () => {
  it('lets go of values and of a private buffer over 1 MiB, and goes on working', () => {
    const encoder = new StructuredEncoder();
    encoder.encode(room, 0, 64, ['x'.repeat(3e6), Buffer.alloc(40_000), {}]);
    assert.ok(encoder.privateBytes.length > 3e6);
    encoder.release();
    assert.equal(encoder.privateBytes, null);
    assert.equal(encoder.segments, null);
    assert.ok(encoder.seen.every((object) => object === null));
    assert.equal(encoder.encode(room, 0, 64, [1]), 3);
  });
});
