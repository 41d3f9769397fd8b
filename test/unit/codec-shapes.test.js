'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { StructuredDecoder } = require('../../lib/codec/structured-decoder');
const { StructuredEncoder } = require('../../lib/codec/structured-encoder');
const { Pair, assertSame } = require('./codec-graph');

const room = Buffer.alloc(1 << 16);

/** How many definitions each of these values brings about, sent in turn. */
function definitionsOf(encoder, values) {
  return values.map((value) => {
    encoder.encode(room, 0, room.length, value);
    return encoder.takeDefinitions()?.length ?? 0;
  });
}

describe('StructuredEncoder: shapes', () => {
  it('define a list of keys when it is seen the third time, once', () => {
    const encoder = new StructuredEncoder();
    const values = Array.from({ length: 6 }, (_, i) => ({ id: i, name: 'n' }));
    assert.deepEqual(definitionsOf(encoder, values), [0, 0, 1, 0, 0, 0]);
    const end = encoder.encode(room, 0, room.length, values[0]);
    assert.equal(end, 5);
  });

  it('tell the order of keys apart, and lists that begin alike', () => {
    const pair = new Pair();
    const values = [{ a: 1, b: 2 }, { b: 1, a: 2 }, { a: 1 }, { a: 1, b: 2, c: 3 }, { a: 1, c: 2 }];
    for (let i = 0; i < 20; i++) for (const value of values) assertSame(pair.send(value), value);
    assert.equal(pair.encoder.table.shapes.length, 5);
  });

  it('leave keys of Object.prototype, indices, many keys and long keys in the record', () => {
    const encoder = new StructuredEncoder();
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, i]));
    const values = [JSON.parse('{"__proto__":1}'), { toString: 1 }, { 0: 1, a: 2 }, many, { ['k'.repeat(300)]: 1 }, {}];
    for (let i = 0; i < 20; i++) assert.deepEqual(definitionsOf(encoder, values), [0, 0, 0, 0, 0, 0]);
  }); // prettier-ignore

  it('serve instances of classes and objects without a prototype', () => {
    class Point {
      x = 1;
      y = 2;
    }
    const encoder = new StructuredEncoder();
    const plain = Object.assign(Object.create(null), { x: 3, y: 4 });
    assert.deepEqual(
      definitionsOf(encoder, [new Point(), plain, new Point(), plain]),
      [0, 0, 1, 0],
    );
  });

  it('stop at 256, and a flood of fresh keys takes neither memory nor what was defined', () => {
    const pair = new Pair();
    const known = { known: 1, shape: 2 };
    for (let i = 0; i < 3; i++) pair.send(known);
    for (let i = 0; i < 20_000; i++) pair.encode({ [`key${i}`]: i, other: 1 });
    assert.equal(pair.encoder.table.shapes.length, 1);
    for (let i = 0; i < 400; i++) {
      for (let j = 0; j < 400; j++) pair.encode({ [`again${i}`]: j });
    }
    assert.equal(pair.encoder.table.shapes.length, 256);
    assertSame(pair.send([known, { again399: 1 }, { again255: 2 }]), [known, { again399: 1 }, { again255: 2 }]);
    assert.equal(pair.encode(known).length, 4);
  }); // prettier-ignore

  it('learn a list of keys amid a flood of others', () => {
    const encoder = new StructuredEncoder();
    let defined = 0;
    for (let i = 0; i < 300; i++) {
      encoder.encode(room, 0, room.length, [{ [`k${i}`]: 1 }, { steady: i, keys: 1 }]);
      defined += encoder.takeDefinitions()?.length ?? 0;
    }
    assert.equal(defined, 1);
  });

  it('ask for more sightings the more there are', () => {
    const pair = new Pair();
    for (let i = 0; i < 32; i++) for (let j = 0; j < 3; j++) pair.encode({ [`shape${i}`]: j });
    assert.equal(pair.encoder.table.shapes.length, 32);
    for (let j = 0; j < 5; j++) pair.encode({ one: 1, more: j });
    assert.equal(pair.encoder.table.shapes.length, 32);
    pair.encode({ one: 1, more: 5 });
    assert.equal(pair.encoder.table.shapes.length, 33);
  });

  it('make no code of their keys', () => {
    const keys = ["'", '"', '`', '\\', '\n', '\u2028', '\u2029', '${1}', '"]; throw 1; //', '*/', ', p) ; (', 'ключ', '\ud800'];
    const value = Object.fromEntries(keys.map((key, i) => [key, i]));
    const pair = new Pair();
    for (let i = 0; i < 20; i++) assertSame(pair.send(value), value);
    assert.equal(pair.encoder.table.shapes.length, 1);
    keys.forEach((key) => {
      for (let i = 0; i < 20; i++) assertSame(pair.send({ [key]: i }), { [key]: i });
    });
  }); // prettier-ignore

  it('work where code generation is disallowed', () => {
    const program = `
      const assert = require('node:assert/strict');
      const { Pair, assertSame } = require(${JSON.stringify(path.join(__dirname, 'codec-graph'))});
      assert.throws(() => new Function('return 1'), EvalError);
      const pair = new Pair();
      const value = { a: 1, b: { c: [1, 2], d: undefined } };
      for (let i = 0; i < 30; i++) assertSame(pair.send(value), value);
      for (let i = 0; i < 30; i++) {
        const gone = { get a() { delete this.b; return 1; }, b: { c: 1, d: 2 } };
        assertSame(pair.send(gone), { a: 1 });
      }
      console.log(pair.encoder.table.shapes.length);
    `;
    const node = process.env.HAWSER_NODE || process.execPath;
    const args = ['--disallow-code-generation-from-strings', '-e', program];
    assert.equal(execFileSync(node, args, { encoding: 'utf8' }).trim(), '2');
  });

  it('give the same record with and without code generation', () => {
    const value = [
      { a: 1, b: 'x' },
      { a: 2, b: [{ c: undefined }] },
    ];
    const compiled = new Pair();
    const looped = new Pair({ compile: false });
    for (let i = 0; i < 30; i++) assert.deepEqual(compiled.encode(value), looped.encode(value));
  });
});

describe('StructuredDecoder: define()', () => {
  const payload = (id, keys) =>
    Buffer.concat([Buffer.from([id & 255, id >> 8, keys.length]), ...keys.map((key) => Buffer.from([0x80 + key.length, ...Buffer.from(key)]))]); // prettier-ignore
  const define = (decoder, bytes) => decoder.define(bytes, 0, bytes.length);
  const malformed = { code: 'ERR_HAWSER_PROTOCOL' };

  it('takes definitions in turn', () => {
    const decoder = new StructuredDecoder();
    define(decoder, payload(0, ['a', 'b']));
    define(decoder, payload(1, ['c']));
    assert.deepEqual(decoder.decode(Buffer.from([0, 0xc0, 0x41, 0xc1, 0x42]), 0, 5), {
      a: 1,
      b: { c: 2 },
    });
    assert.throws(() => decoder.decode(Buffer.from([0, 0xc2, 0x41]), 0, 3), malformed);
  });

  const bad = {
    'a number out of turn': payload(1, ['a']),
    'no keys': payload(0, []),
    'too many keys': payload(0, Array.from({ length: 65 }, (_, i) => `k${i}`)),
    'the same key twice': payload(0, ['a', 'a']),
    '__proto__': payload(0, ['a', '__proto__']),
    'a key that is no string': Buffer.from([0, 0, 1, 0x41]),
    'bytes left over': Buffer.concat([payload(0, ['a']), Buffer.from([0])]),
    'a key cut short': payload(0, ['abc']).subarray(0, 6),
    'nothing': Buffer.alloc(0),
  }; // prettier-ignore

  for (const [name, bytes] of Object.entries(bad)) {
    it(`throws on ${name} and takes the right one afterwards`, () => {
      const decoder = new StructuredDecoder();
      assert.throws(() => define(decoder, bytes), malformed);
      define(decoder, payload(0, ['a']));
    });
  }

  it('throws on more than 4 KiB, and on more definitions than it was told to take', () => {
    const wide = Buffer.alloc(5000, 0x80);
    wide.set([0, 0, 1, 0x07, 0x80, 0x13, 0, 0]);
    assert.throws(() => define(new StructuredDecoder(), wide), malformed);
    const decoder = new StructuredDecoder({ maxShapes: 2 });
    define(decoder, payload(0, ['a']));
    define(decoder, payload(1, ['b']));
    assert.throws(() => define(decoder, payload(2, ['c'])), malformed);
    const most = new StructuredDecoder({ maxShapes: 1e6 });
    for (let i = 0; i < 256; i++) define(most, payload(i, [`k${i}`]));
    assert.throws(() => define(most, payload(256, ['x'])), malformed);
  });

  it('makes no code of keys', () => {
    const decoder = new StructuredDecoder();
    const key = '": globalThis.broken = 1, "';
    define(decoder, payload(0, [key]));
    for (let i = 0; i < 20; i++) {
      assert.deepEqual(decoder.decode(Buffer.from([0, 0xc0, 0x41]), 0, 3), { [key]: 1 });
    }
    assert.equal(globalThis.broken, undefined);
  });
});
