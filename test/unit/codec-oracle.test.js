'use strict';

const assert = require('node:assert/strict');
const fc = require('fast-check');
const { StructuredEncoder } = require('../../lib/codec/structured-encoder');
const { graph, knotted, binary } = require('./codec-arbitraries');
const { Pair, assertSame, record } = require('./codec-graph');

const RUNS = { numRuns: 1500, seed: 20261121 };

describe('StructuredEncoder and StructuredDecoder against structuredClone', () => {
  it('deliver the same graph', () => {
    fc.assert(
      fc.property(graph, (value) => assertSame(new Pair().send(value), structuredClone(value))),
      RUNS,
    );
  });

  it('deliver the same graph with cycles and shared objects', () => {
    fc.assert(
      fc.property(knotted, (value) => assertSame(new Pair().send(value), structuredClone(value))),
      RUNS,
    );
  });

  for (const options of [{}, { compile: false }, { shapes: false }]) {
    it(`deliver whatever came before, with ${JSON.stringify(options)}`, () => {
      const pair = new Pair(options);
      const recurring = fc.tuple(knotted, fc.nat(7));
      fc.assert(
        fc.property(fc.array(recurring, { maxLength: 4 }), (values) => {
          for (const [value, repeats] of values) {
            for (let i = 0; i <= repeats; i++) assertSame(pair.send(value), structuredClone(value));
          }
        }),
        { ...RUNS, numRuns: 400 },
      );
    });
  }

  it('deliver views over shared and resizable ArrayBuffers', () => {
    fc.assert(
      fc.property(binary, (value) => assertSame(new Pair().send(value), structuredClone(value))),
      RUNS,
    );
  });

  it('deliver Buffers as Buffers, alone or as views of a buffer that travels', () => {
    const bounds = fc.array(fc.tuple(fc.nat(64), fc.nat(64)), { minLength: 1, maxLength: 6 });
    const property = fc.property(bounds, fc.boolean(), (pairs, travels) => {
      const whole = Uint8Array.from({ length: 128 }, (_, i) => i).buffer;
      const buffers = pairs.map(([offset, length]) => Buffer.from(whole, offset, length));
      const arrived = new Pair().send([...(travels ? [whole] : []), ...buffers, buffers[0]]);
      const views = arrived.slice(travels ? 1 : 0);
      assert.ok(views.every(Buffer.isBuffer));
      assert.deepEqual(views, [...buffers, buffers[0]]);
      assert.equal(views.at(-1), views[0]);
      if (travels) assert.ok(views.every((view) => view.buffer === arrived[0]));
    });
    fc.assert(property, RUNS);
  });
});

/** What a getter does besides giving its value. */
const EFFECTS = {
  nothing() {},
  delete: (holder, { key }) => delete holder[key],
  set: (holder, { key }) => (holder[key] = 'set'),
  hide: (holder, { key }) => Object.defineProperty(holder, key, { enumerable: false }),
  truncate: (_holder, { list }) => list.pop(),
  extend: (_holder, { list }) => list.push({ more: 1 }),
  empty: (_holder, { map }) => map.clear(),
  throw() {
    throw new Error('from a getter');
  },
  detach: (_holder, { buffer }) => void structuredClone(buffer, { transfer: [buffer] }),
  send(_holder, { send }) {
    send({ a: 1, b: [{ c: 'inner' }] });
  },
};

const step = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd'),
  effect: fc.constantFrom(...Object.keys(EFFECTS)),
  target: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  inner: fc.constantFrom('number', 'object', 'list', 'map', 'view', 'holder'),
});
const script = fc.array(fc.tuple(fc.boolean(), step), { minLength: 1, maxLength: 5 });

/** A value with getters that do what the script says, and the log of their calls. */
function perform(steps, send) {
  const calls = [];
  const buffer = new ArrayBuffer(32);
  const list = [1, { x: 1 }, 'three'];
  const map = new Map([['k', { y: 1 }]]);
  const holder = { e: 'last' };
  const inners = { number: 1, object: { z: 1 }, list, map, view: new Uint8Array(buffer, 4, 8), holder };
  for (const [inElement, { key, effect, target, inner }] of steps) {
    const get = function () {
      calls.push(`${key} ${effect}`);
      EFFECTS[effect](holder, { key: target, list, map, buffer, send });
      return inners[inner];
    };
    const at = inElement ? { get within() { return get(); } } : undefined;
    Object.defineProperty(holder, key, at ? { value: at, enumerable: true, configurable: true, writable: true } : { get, enumerable: true, configurable: true });
  }
  return { value: [holder, list, map], calls };
} // prettier-ignore

function outcomeOf(run) {
  try {
    return { arrived: run() };
  } catch (error) {
    return { error };
  }
}

describe('StructuredEncoder against structuredClone, with getters', () => {
  const nested = (value) => {
    const encoder = new StructuredEncoder({ shapes: false });
    const end = encoder.encode(Buffer.alloc(64), 0, 64, value);
    assert.equal(record(encoder, end).length, end - encoder.start);
  };

  it('runs them once, in order, and delivers or refuses the same', () => {
    let refused = 0;
    const property = fc.property(script, fc.nat(5), fc.nat(120), (steps, before, room) => {
      const pair = new Pair();
      const calm = steps.map(([inElement, one]) => [inElement, { ...one, effect: 'nothing' }]);
      for (let i = 0; i < before * 3; i++) pair.send(perform(calm).value);
      const ours = perform(steps, nested);
      const theirs = perform(steps, () => {});
      const wanted = outcomeOf(() => structuredClone(theirs.value));
      const got = outcomeOf(() => {
        const bytes = pair.encode(ours.value, 16, 16 + room);
        return pair.decoder.decode(bytes, 0, bytes.length);
      });
      assert.deepEqual(ours.calls, theirs.calls);
      assert.equal(got.error === undefined, wanted.error === undefined, String(got.error ?? wanted.error));
      if (got.error === undefined) return assertSame(got.arrived, wanted.arrived);
      refused++;
      assert.equal(got.error.code, 'ERR_HAWSER_SERIALIZE');
      assert.match(got.error.path, /^payload/);
      assertSame(pair.send({ still: ['works'] }), { still: ['works'] });
    });
    fc.assert(property, RUNS);
    assert.ok(refused > 100 && refused < RUNS.numRuns);
  }); // prettier-ignore
});
