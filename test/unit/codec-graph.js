'use strict';

const assert = require('node:assert/strict');
const { types } = require('node:util');
const { StructuredDecoder } = require('../../lib/codec/structured-decoder');
const { StructuredEncoder } = require('../../lib/codec/structured-encoder');

/** An encoder and a decoder that know the same shapes. */
class Pair {
  constructor(options) {
    this.encoder = new StructuredEncoder(options);
    this.decoder = new StructuredDecoder(options);
    this.room = Buffer.alloc(4096);
    /** What the last record brought about. */
    this.definitions = [];
  }

  /** The whole record, wherever the encoder put it. */
  encode(value, position = 16, limit = this.room.length) {
    const end = this.encoder.encode(this.room, position, limit, value);
    this.definitions = this.encoder.takeDefinitions() ?? [];
    this.definitions.forEach((payload) => this.decoder.define(payload, 0, payload.length));
    return record(this.encoder, end);
  }

  /** @param {boolean} [owned] */
  send(value, owned = false) {
    const bytes = this.encode(value);
    return this.decoder.decode(bytes, 0, bytes.length, owned);
  }
}

function record(encoder, end) {
  const parts = [];
  let from = encoder.start;
  const segments = encoder.segments ?? [];
  for (let i = 0; i < segments.length; i += 2) {
    parts.push(encoder.bytes.subarray(from, encoder.start + segments[i]), segments[i + 1]);
    from = encoder.start + segments[i];
  }
  return Buffer.concat([...parts, encoder.bytes.subarray(from, end)]);
}

const HOLE = Symbol('hole');

/** An array with holes where HOLE stands. */
function holey(...elements) {
  const array = new Array(elements.length);
  elements.forEach((element, i) => {
    if (element !== HOLE) array[i] = element;
  });
  return array;
}

const tagOf = (value) => Object.prototype.toString.call(value);

/** Fails unless two values are the same graph: types, order, holes, bounds and identities. */
function assertSame(actual, expected) {
  const actualIds = new Map();
  const expectedIds = new Map();
  const stack = [[actual, expected, 'value']];
  while (stack.length > 0) {
    const [a, b, path] = stack.pop();
    if (typeof b !== 'object' || b === null) {
      assert.ok(Object.is(a, b), `${path}: ${String(a)} is not ${String(b)}`);
      continue;
    }
    assert.ok(typeof a === 'object' && a !== null, `${path} is no object`);
    assert.equal(actualIds.get(a), expectedIds.get(b), `${path}: identity`);
    if (expectedIds.has(b)) continue;
    actualIds.set(a, expectedIds.size);
    expectedIds.set(b, expectedIds.size);
    assertSameObject(a, b, path, stack);
  }
}

function assertSameObject(a, b, path, stack) {
  assert.equal(tagOf(a), tagOf(b), `${path}: type`);
  assert.equal(Object.getPrototypeOf(a), Object.getPrototypeOf(b), `${path}: prototype`);
  const internal = partsOf(b);
  const other = partsOf(a);
  assert.equal(other.length, internal.length, `${path}: number of parts`);
  internal.forEach((part, i) => stack.push([other[i], part, `${path}<${i}>`]));
  if (ArrayBuffer.isView(b) || types.isAnyArrayBuffer(b) || types.isStringObject(b)) return;
  const keys = Reflect.ownKeys(b);
  assert.deepEqual(Reflect.ownKeys(a), keys, `${path}: keys and their order`);
  for (const key of keys) {
    const descriptor = Object.getOwnPropertyDescriptor(a, key);
    const wanted = Object.getOwnPropertyDescriptor(b, key);
    assert.ok(Object.hasOwn(descriptor, 'value'), `${path}.${String(key)} is data`);
    assert.equal(descriptor.enumerable, wanted.enumerable, `${path}.${String(key)}: enumerable`);
    stack.push([descriptor.value, wanted.value, `${path}.${String(key)}`]);
  }
}

/** What an object is made of besides its properties. */
function partsOf(value) {
  if (types.isDate(value)) return [value.getTime()];
  if (types.isRegExp(value)) return [value.source, value.flags];
  if (types.isMap(value)) return [...value].flat(1);
  if (types.isSet(value)) return [...value];
  if (types.isBoxedPrimitive(value)) return [value.valueOf()];
  if (types.isAnyArrayBuffer(value)) return [value.resizable, value.maxByteLength, hexOf(value)];
  if (ArrayBuffer.isView(value)) {
    return [value.byteOffset, value.byteLength, value.length, value.buffer, tracks(value)];
  }
  return [];
}

const hexOf = (buffer) => Buffer.from(buffer).toString('hex');

/** Whether a view over a resizable buffer follows its length; alters a clone only. */
function tracks(view) {
  if (!view.buffer.resizable) return false;
  const { maxByteLength } = view.buffer;
  const clone = structuredClone(view);
  clone.buffer.resize(maxByteLength);
  return clone.byteLength !== view.byteLength;
}

module.exports = { HOLE, Pair, assertSame, holey, record };
