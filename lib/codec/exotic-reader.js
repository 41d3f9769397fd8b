'use strict';

const { ProtocolError } = require('../errors');
const { rebuild, setProperty } = require('../error-values');
const T = require('./tags');

/** @typedef {import('./structured-decoder').StructuredDecoder} StructuredDecoder */

/** From here on a Buffer of an owned message is a view of it, if it is a good part of it. */
const VIEW_BYTES = 16 * 1024;
/** @type {any} what TypeScript's es2023 library does not know about ArrayBuffer */
const ResizableBuffer = ArrayBuffer;

/**
 * What the tags above ARRAY_EXTENDED stand for.
 * @param {import('./structured-decoder').StructuredDecoder} d
 * @param {number} tag
 * @returns {any}
 */
function readExotic(d, tag) {
  const reader = READERS.get(tag);
  if (reader === undefined) throw malformed('P9.6', 'an unknown tag');
  return reader(d, tag);
}

/** @type {Map<number, (d: StructuredDecoder, tag: number) => any>} */
const READERS = new Map([
  [T.DATE, (d) => d.keep(new Date(d.readFloat()))],
  [T.REGEXP, readRegExp],
  [T.BIGINT, readBigInt],
  [T.MAP, readMap],
  [T.SET, readSet],
  [T.BOXED, readBoxed],
  [T.BUFFER, readBuffer],
  [T.ARRAY_BUFFER, readArrayBuffer],
  [T.RESIZABLE_BUFFER, readArrayBuffer],
  [T.VIEW, readView],
  [T.ERROR, readError],
]);

/** @param {StructuredDecoder} d */
function readRegExp(d) {
  const source = d.readKey();
  return d.keep(new RegExp(source, d.readKey()));
}

/** @param {StructuredDecoder} d */
function readBigInt(d) {
  const sign = d.readByte();
  const size = d.readUint32();
  const from = d.take(size);
  if (sign > 1 || size === 0) throw malformed('P9.8', 'a BigInt of no size');
  const magnitude = BigInt(`0x${d.bytes.hexSlice(from, from + size)}`);
  return sign === 1 ? -magnitude : magnitude;
}

/** @param {StructuredDecoder} d */
function readMap(d) {
  const map = d.keep(new Map());
  for (let count = d.readCount(2); count > 0; count--) {
    const key = d.read();
    map.set(key, d.read());
  }
  return map;
}

/** @param {StructuredDecoder} d */
function readSet(d) {
  const set = d.keep(new Set());
  for (let count = d.readCount(1); count > 0; count--) set.add(d.read());
  return set;
}

/** @param {StructuredDecoder} d */
function readBoxed(d) {
  const { objects } = d;
  const at = objects === null ? 0 : objects.push(undefined) - 1;
  const value = d.read();
  if (!['number', 'string', 'boolean', 'bigint'].includes(typeof value))
    throw malformed('P9.17', 'a box of something else');
  const boxed = Object(value);
  if (objects !== null) objects[at] = boxed;
  return boxed;
}

/** @param {StructuredDecoder} d */
function readBuffer(d) {
  const size = d.readUint32();
  const from = d.take(size);
  const shared = d.owned && size >= VIEW_BYTES && size * 4 >= d.end - d.start;
  if (shared) return d.keep(d.bytes.subarray(from, from + size));
  const copy = Buffer.allocUnsafe(size);
  copy.set(d.bytes.subarray(from, from + size));
  return d.keep(copy);
}

/** @param {StructuredDecoder} d @param {number} tag */
function readArrayBuffer(d, tag) {
  const maximum = tag === T.RESIZABLE_BUFFER ? d.readFloat() : undefined;
  const size = d.readUint32();
  const from = d.take(size);
  const buffer = maximum === undefined ? new ArrayBuffer(size) : reserve(d, size, maximum);
  new Uint8Array(buffer).set(d.bytes.subarray(from, from + size));
  return d.keep(buffer);
}

/**
 * Only address space, but a peer could exhaust that too.
 * @param {StructuredDecoder} d
 * @param {number} size
 * @param {number} maximum
 */
function reserve(d, size, maximum) {
  d.reservedBytes += maximum;
  const fits =
    ++d.resizableBuffers <= T.MAX_RESIZABLE_BUFFERS && d.reservedBytes <= T.MAX_RESERVED_BYTES;
  if (!fits || !Number.isInteger(maximum) || maximum < size)
    throw malformed('P9.18', 'a wrong maxByteLength');
  return new ResizableBuffer(size, { maxByteLength: maximum });
}

/** @param {StructuredDecoder} d */
function readView(d) {
  const { objects } = d;
  const at = objects === null ? 0 : objects.push(undefined) - 1;
  const kind = T.VIEW_KINDS[d.readByte()];
  const tracks = d.readByte();
  const offset = d.readFloat();
  const length = d.readFloat();
  const buffer = d.read();
  if (!(buffer instanceof ResizableBuffer) || tracks > 1)
    throw malformed('P9.19', 'a view of something else');
  const view = makeView(
    kind,
    buffer,
    offset,
    tracks === 1 && buffer.resizable ? undefined : length,
  );
  if (objects !== null) objects[at] = view;
  return view;
}

/**
 * @param {string | undefined} kind
 * @param {any} buffer
 * @param {number} offset
 * @param {number | undefined} length
 */
function makeView(kind, buffer, offset, length) {
  if (
    !Number.isSafeInteger(offset) ||
    offset < 0 ||
    !(length === undefined || Number.isSafeInteger(length))
  ) {
    throw malformed('P9.19', 'a view with wrong bounds');
  }
  if (kind === 'Buffer') return Buffer.from(buffer, offset, length);
  const ctor = kind === undefined ? undefined : /** @type {any} */ (globalThis)[kind];
  if (ctor === undefined) throw malformed('P9.19', 'an unknown kind of view');
  return new ctor(buffer, offset, length);
}

/** @param {StructuredDecoder} d */
function readError(d) {
  const [className, name, message, stack] = [readText(d), readText(d), readText(d), readText(d)];
  const error = d.keep(
    rebuild({
      className: className ?? 'Error',
      name: name ?? className ?? 'Error',
      message,
      stack,
    }),
  );
  while (d.p < d.end && d.bytes[d.p] !== T.END) {
    const key = d.readKey();
    setProperty(error, key, d.read());
  }
  d.readByte();
  return error;
}

/** @param {StructuredDecoder} d */
function readText(d) {
  const text = d.read();
  if (text !== undefined && typeof text !== 'string')
    throw malformed('P10.2', 'an error without its texts');
  return text;
}

/** @param {string} rule of docs/protocol.md @param {string} what */
function malformed(rule, what) {
  return new ProtocolError(`malformed value: ${what}`, { rule });
}

module.exports = { readExotic };
