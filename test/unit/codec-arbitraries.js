'use strict';

const fc = require('fast-check');

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((c) => String.fromCharCode(c)),
    maxLength: 80,
  }),
  fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)),
    maxLength: 120,
  }),
);
const key = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'c', 'id', 'name', 'x') },
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'length',
    '0',
    '7',
    '-1',
    '1.5',
    '4294967295',
    '',
  ),
  text,
);
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(-0, 0, NaN, 63, 64));
const primitive = fc.oneof(
  number,
  text,
  fc.boolean(),
  fc.constantFrom(undefined, null),
  fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
);
const bytes = fc.uint8Array({ maxLength: 64 });
const KINDS = [
  Int8Array,
  Uint8Array,
  Uint16Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  DataView,
];

const view = fc
  .tuple(fc.constantFrom(...KINDS), fc.nat(4), fc.nat(4))
  .map(([Kind, skip, count]) => {
    const size = Kind.BYTES_PER_ELEMENT ?? 1;
    return new Kind(new ArrayBuffer(64), skip * size, count);
  });
const leaf = fc.oneof(
  { weight: 8, arbitrary: primitive },
  fc.date({ noInvalidDate: false }),
  fc.constantFrom(/a/g, /[\u2028/]/su).map((r) => new RegExp(r)),
  fc.oneof(number, text, fc.boolean(), fc.bigInt()).map(Object),
  bytes.map((b) => b.slice().buffer),
  view,
);

class Instance {}

function objectOf(entries, make) {
  const object = make();
  for (const [name, value] of entries) {
    Object.defineProperty(object, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return object;
}

/** An array with holes where `keep` is false and with further properties. */
function arrayOf(items, extras) {
  const array = new Array(items.length);
  items.forEach(([keep, value], i) => {
    if (keep) array[i] = value;
  });
  for (const [name, value] of extras)
    if (name !== 'length' && !/^\d+$/.test(name)) array[name] = value;
  return array;
}

const { value: graph } = fc.letrec((tie) => {
  const value = tie('value');
  const entries = fc.array(fc.tuple(key, value), { maxLength: 6 });
  return {
    value: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      leaf,
      entries.map((e) => objectOf(e, () => ({}))),
      entries.map((e) => objectOf(e, () => Object.create(null))),
      entries.map((e) => objectOf(e, () => new Instance())),
      fc.array(value, { maxLength: 20 }),
      fc.tuple(fc.array(fc.tuple(fc.boolean(), value), { maxLength: 6 }), fc.array(fc.tuple(text, value), { maxLength: 2 })).map(([items, extras]) => arrayOf(items, extras)),
      fc.array(fc.tuple(value, value), { maxLength: 5 }).map((e) => new Map(e)),
      fc.array(value, { maxLength: 5 }).map((e) => new Set(e)),
    ),
  };
}); // prettier-ignore

function objectsIn(value, found = []) {
  if (typeof value !== 'object' || value === null || found.includes(value)) return found;
  found.push(value);
  const inner = value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : [];
  for (const item of [...inner, ...(ArrayBuffer.isView(value) ? [] : Object.values(value))])
    objectsIn(item, found);
  return found;
}

/** Ties some objects of the graph together, so that there are cycles and shared objects. */
function knot(root, links) {
  const objects = objectsIn(root);
  const containers = objects.filter((o) => !ArrayBuffer.isView(o) && !Object.isFrozen(o));
  if (containers.length === 0) return root;
  links.forEach(([from, to], i) => {
    const holder = containers[from % containers.length];
    const target = objects[to % objects.length];
    if (holder instanceof Map) holder.set(`link${i}`, target);
    else if (holder instanceof Set) holder.add(target);
    else holder[`link${i}`] = target;
  });
  return root;
}

const knotted = fc
  .tuple(graph, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 6 }))
  .map(([root, links]) => knot(root, links));

/** Views at any offset over two ArrayBuffers, the second of them resizable, and the buffers. */
const binary = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(9), fc.nat(1), fc.nat(4), fc.option(fc.nat(4))), { maxLength: 8 }),
    fc.nat(16),
  )
  .map(([specs, spare]) => {
    const buffers = [
      Uint8Array.from({ length: 64 }, (_, i) => i).buffer,
      new ArrayBuffer(64, { maxByteLength: 64 + spare }),
    ];
    return specs.map(([kind, which, skip, count]) => {
      if (kind >= KINDS.length) return buffers[which];
      const Kind = KINDS[kind];
      return new Kind(buffers[which], skip * (Kind.BYTES_PER_ELEMENT ?? 1), count ?? undefined);
    });
  });

module.exports = { binary, graph, knotted };
