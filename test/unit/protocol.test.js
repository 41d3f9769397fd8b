'use strict';

/** The vectors of docs/protocol.md, as far as JavaScript writes and reads what they show. */

const assert = require('node:assert/strict');
const { decodeError, encodeError } = require('../../lib/error-frames');
const { StructuredDecoder } = require('../../lib/codec/structured-decoder');
const { StructuredEncoder } = require('../../lib/codec/structured-encoder');
const { bytesOf, evaluate, readVectors } = require('./protocol-document');

const vectors = readVectors();
const having = (key) => vectors.filter((vector) => vector[key] !== undefined);
const named = (name) => vectors.find((vector) => vector.name === name);
const HEADER = 16;

/** The record as the encoder leaves it, segments included. */
function encode(encoder, value) {
  const end = encoder.encode(Buffer.alloc(65_536), 0, 65_536, value);
  return encoder.bytes.subarray(encoder.start, end);
}

const decode = (bytes, definition) => {
  const decoder = new StructuredDecoder();
  if (definition) decoder.define(definition, 0, definition.length);
  return decoder.decode(bytes, 0, bytes.length);
};

/** What tells an error from another one, whatever its class. How `stack` is kept is V8's business. */
function tell(error) {
  const properties = Object.getOwnPropertyDescriptors(error);
  delete properties.stack;
  return { class: error.constructor.name, stack: error.stack, properties };
}

/** An encoder that has defined what the value's shape needs, and has told so. */
function encoderFor(definition, value) {
  const encoder = new StructuredEncoder();
  if (definition) for (let i = 0; i < 3; i++) encode(encoder, value);
  assert.deepEqual(encoder.takeDefinitions(), definition ? [definition] : null);
  return encoder;
}

describe('docs/protocol.md: vectors of values', () => {
  for (const vector of having('value').filter(({ to }) => to === undefined)) {
    const { name, bytes, only } = vector;
    const definition = vector.define && bytesOf(vector.define);
    const value = () => evaluate(vector.value);

    it(`${name} is read`, () => {
      assert.deepStrictEqual(decode(bytes, definition), value());
    });

    if (only === 'decode') {
      it(`${name} is written in another form (P9.7)`, () => {
        assert.notDeepEqual(encode(new StructuredEncoder(), value()), bytes);
      });
      continue;
    }

    it(`${name} is written`, () => {
      assert.deepEqual(encode(encoderFor(definition, value()), value()), bytes);
    });

    it(`${name} is written again after it was read`, () => {
      const read = decode(bytes, definition); // tells views and shared objects apart
      assert.deepEqual(encode(encoderFor(definition, read), read), bytes);
    });
  }
});

describe('docs/protocol.md: vectors that are refused', () => {
  for (const { name, bytes, codec, rule } of having('codec')) {
    it(`${name} breaks ${rule}`, () => {
      const decoder = new StructuredDecoder();
      assert.throws(
        () => decoder[codec === 'define' ? 'define' : 'decode'](bytes, 0, bytes.length),
        {
          code: 'ERR_HAWSER_PROTOCOL',
          rule,
        },
      );
    });

    it(`${name} breaks it also amid other bytes`, () => {
      const amid = Buffer.concat([Buffer.alloc(5, 0x41), bytes, Buffer.alloc(64, 0x41)]);
      const decoder = new StructuredDecoder();
      const read = () =>
        decoder[codec === 'define' ? 'define' : 'decode'](amid, 5, 5 + bytes.length);
      assert.throws(read, { code: 'ERR_HAWSER_PROTOCOL', rule });
    });
  }
});

describe('docs/protocol.md: records made by hand', () => {
  const nested = (levels) =>
    Buffer.concat([Buffer.alloc(1), Buffer.alloc(levels - 1, 0xe1), bytesOf('e0')]);

  it('are read with 1,000 levels and refused with 1,001 (P9.11)', () => {
    assert.ok(Array.isArray(decode(nested(1000))));
    assert.throws(() => decode(nested(1001)), { code: 'ERR_HAWSER_PROTOCOL', rule: 'P9.11' });
  });

  it('define an own __proto__ and leave the prototype alone (P9.9)', () => {
    const key = '89 5f5f70726f746f5f5f';
    for (const hex of [`00 f1 ${key} f1 81 78 41`, `00 30 0d 01000000 ${key} f1 81 78 41`]) {
      const read = decode(bytesOf(hex));
      assert.ok([Object.prototype, Array.prototype].includes(Object.getPrototypeOf(read)));
      assert.deepEqual(Object.getOwnPropertyDescriptor(read, '__proto__').value, { x: 1 });
    }
  });

  it('call no setter, of objects, arrays and shapes (P9.9)', () => {
    const key = '84 74726170';
    const set = () => assert.fail('a setter was called');
    Object.defineProperty(Object.prototype, 'trap', { set, configurable: true });
    try {
      const object = decode(bytesOf(`00 f1 ${key} 41`));
      const array = decode(bytesOf(`00 30 0d 01000000 ${key} 41`));
      const shaped = decode(bytesOf('00 c0 41'), bytesOf(`0000 01 ${key}`));
      for (const { trap } of [object, array, shaped]) assert.equal(trap, 1);
    } finally {
      delete Object.prototype.trap;
    }
  });
});

describe('docs/protocol.md: vectors of errors', () => {
  for (const { name, bytes, error, arrives } of vectors.filter((v) => v.error ?? v.arrives)) {
    if (error) {
      it(`${name} is written`, () => assert.deepEqual(encodeError(evaluate(error)), bytes));
    }
    if (arrives) {
      it(`${name} arrives as ${arrives}`, () => {
        const arrived = decodeError(bytes, 0, bytes.length);
        assert.equal(`${arrived.constructor.name} ${arrived}`, arrives);
      });
    } else {
      it(`${name} is read`, () => {
        const arrived = decodeError(bytes, 0, bytes.length);
        assert.deepEqual(tell(arrived), tell(evaluate(error)));
      });
    }
  }
});

describe('docs/protocol.md: vectors of frames', () => {
  /** @returns {Array<{ fields: string, body: Buffer, stride: number }>} */
  function framesOf(bytes) {
    const frames = [];
    for (let at = 0; at < bytes.length; at += frames.at(-1).stride) {
      const length = bytes.readUInt32LE(at);
      const [slot, generation] = [bytes.readUInt32LE(at + 8), bytes.readUInt32LE(at + 12)];
      frames.push({
        numbers: [
          length,
          bytes[at + 4],
          bytes[at + 5],
          bytes.readUInt16LE(at + 6),
          slot,
          generation,
        ],
        body: bytes.subarray(at + HEADER, at + HEADER + length),
        stride: Math.ceil((HEADER + length) / 8) * 8,
      });
    }
    return frames;
  }

  for (const { name, bytes, header, body } of having('header')) {
    it(`${name} is whole frames, the first with that header (P2.1, P2.2)`, () => {
      const frames = framesOf(bytes);
      const strides = frames.reduce((sum, { stride }) => sum + stride, 0);
      assert.equal(strides, bytes.length);
      const numbers = header.split(' ').map((field) => Number(field.split('=')[1]));
      assert.deepEqual(frames[0].numbers, numbers);
    });

    if (body === undefined) continue;
    it(`${name} has the record ${body} as its body`, () => {
      assert.deepEqual(framesOf(bytes)[0].body, named(body).bytes);
    });
  }
});

describe('docs/protocol.md: vectors', () => {
  it('have names of their own and one form each', () => {
    assert.equal(new Set(vectors.map(({ name }) => name)).size, vectors.length);
    for (const { name, to, value, error, arrives, codec } of vectors) {
      const forms = [to, to ? undefined : value, error ?? arrives, codec];
      assert.equal(forms.filter((form) => form !== undefined).length, 1, name);
    }
  });
});
