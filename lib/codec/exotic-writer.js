'use strict';

const { types } = require('node:util');
const { describe, isError, propertyKeys } = require('../error-values');
const { plainBytes } = require('./bytes-of');
const { clonesToPlain } = require('./object-kinds');
const { Refusal, Step, mapStep } = require('./refusal');
const T = require('./tags');

/** @typedef {import('./structured-encoder').StructuredEncoder} StructuredEncoder */

/** @param {object} prototype @param {PropertyKey} name @returns {() => any} */
const getterOf = (prototype, name) =>
  Object.getOwnPropertyDescriptor(prototype, name)?.get ?? (() => undefined);
const TypedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype);
const typedArrayName = getterOf(TypedArrayPrototype, Symbol.toStringTag);
const arrayLength = getterOf(TypedArrayPrototype, 'length');
const arrayOffset = getterOf(TypedArrayPrototype, 'byteOffset');
const arrayBytes = getterOf(TypedArrayPrototype, 'byteLength');
const arrayBuffer = getterOf(TypedArrayPrototype, 'buffer');
const viewOffset = getterOf(DataView.prototype, 'byteOffset');
const viewBytes = getterOf(DataView.prototype, 'byteLength');
const viewBuffer = getterOf(DataView.prototype, 'buffer');
const bufferBytes = getterOf(ArrayBuffer.prototype, 'byteLength');
const bufferDetached = getterOf(ArrayBuffer.prototype, 'detached');
const bufferResizable = getterOf(ArrayBuffer.prototype, 'resizable');
const bufferMaximum = getterOf(ArrayBuffer.prototype, 'maxByteLength');
const regExpSource = getterOf(RegExp.prototype, 'source');
const regExpFlags = getterOf(RegExp.prototype, 'flags');
const { getTime } = Date.prototype;
const eachOfMap = Map.prototype.forEach;
const eachOfSet = Set.prototype.forEach;

const MAX_UINT32 = 2 ** 32 - 1;

/**
 * Objects that are more than their properties.
 * @param {import('./structured-encoder').StructuredEncoder} e
 * @param {any} object
 * @param {number} p with a margin
 * @returns {number}
 */
function writeExotic(e, object, p) {
  if (ArrayBuffer.isView(object)) return writeView(e, object, p);
  if (types.isDate(object)) return writeDate(e, object, p);
  if (types.isMap(object)) return writeMap(e, object, p);
  if (types.isSet(object)) return writeSet(e, object, p);
  if (isError(object)) return writeError(e, object, p);
  if (types.isRegExp(object)) return writeRegExp(e, object, p);
  if (types.isArrayBuffer(object)) return writeArrayBuffer(e, object, p);
  if (types.isBoxedPrimitive(object)) return writeBoxed(e, object, p);
  if (types.isModuleNamespaceObject(object) || !clonesToPlain(object))
    throw new Refusal(nameOf(object));
  return e.writeOwn(object, p);
}

/** @param {any} object */
function nameOf(object) {
  const tag = Object.prototype.toString.call(object).slice(8, -1);
  return `${/^[aeiou]/i.test(tag) ? 'an' : 'a'} ${tag}`;
}

/** @param {StructuredEncoder} e @param {Date} date @param {number} p */
function writeDate(e, date, p) {
  e.bytes[p] = T.DATE;
  return e.writeFloat(getTime.call(date), p + 1);
}

/** @param {StructuredEncoder} e @param {RegExp} regExp @param {number} p */
function writeRegExp(e, regExp, p) {
  e.bytes[p] = T.REGEXP;
  return e.writeString(regExpFlags.call(regExp), e.writeString(regExpSource.call(regExp), p + 1));
}

/** @param {StructuredEncoder} e @param {any} object @param {number} p */
function writeBoxed(e, object, p) {
  e.bytes[p] = T.BOXED;
  if (types.isNumberObject(object)) return e.write(Number.prototype.valueOf.call(object), p + 1);
  if (types.isStringObject(object)) return e.write(String.prototype.valueOf.call(object), p + 1);
  if (types.isBooleanObject(object)) return e.write(Boolean.prototype.valueOf.call(object), p + 1);
  if (types.isBigIntObject(object)) return e.write(BigInt.prototype.valueOf.call(object), p + 1);
  throw new Refusal('a boxed symbol');
}

/** @this {unknown[]} @param {unknown} value @param {unknown} key */
function collectEntry(value, key) {
  this.push(key, value);
}

/** @this {unknown[]} @param {unknown} value */
function collectValue(value) {
  this.push(value);
}

/**
 * Entries as they are now: getters of the entries may change the Map.
 * @param {StructuredEncoder} e
 * @param {Map<unknown, unknown>} map
 * @param {number} p
 */
function writeMap(e, map, p) {
  /** @type {unknown[]} */
  const entries = [];
  eachOfMap.call(map, collectEntry, entries);
  e.bytes[p] = T.MAP;
  p = e.writeUint32(entries.length / 2, p + 1);
  let i = 0;
  try {
    for (; i < entries.length; i++) p = e.write(entries[i], p);
  } catch (thrown) {
    e.trail.push(mapStep(entries[i - 1], i >> 1, i % 2 === 0));
    throw thrown;
  }
  return p;
}

/** @param {StructuredEncoder} e @param {Set<unknown>} set @param {number} p */
function writeSet(e, set, p) {
  /** @type {unknown[]} */
  const values = [];
  eachOfSet.call(set, collectValue, values);
  e.bytes[p] = T.SET;
  p = e.writeUint32(values.length, p + 1);
  let i = 0;
  try {
    for (; i < values.length; i++) p = e.write(values[i], p);
  } catch (thrown) {
    e.trail.push(new Step(`.values()[${i}]`));
    throw thrown;
  }
  return p;
}

/**
 * A Buffer brings its own bytes only, unless its ArrayBuffer travels anyway.
 * @param {StructuredEncoder} e
 * @param {any} view
 * @param {number} p
 */
function writeView(e, view, p) {
  const isBuffer = view instanceof Buffer;
  if (isBuffer && e.arrayBuffers === 0) return writeBuffer(e, view, p);
  const isDataView = types.isDataView(view);
  const buffer = (isDataView ? viewBuffer : arrayBuffer).call(view);
  if (isBuffer && !e.hasSeen(buffer)) return writeBuffer(e, view, p);
  if (types.isSharedArrayBuffer(buffer)) throw new Refusal('a view of a SharedArrayBuffer');
  const name = isDataView ? 'DataView' : typedArrayName.call(view);
  const kind = T.VIEW_KINDS.indexOf(isBuffer ? 'Buffer' : name);
  if (kind < 0) throw new Refusal(`a ${name}`);
  e.bytes[p] = T.VIEW;
  e.bytes[p + 1] = kind;
  p = writeBounds(e, view, buffer, isDataView, p + 2);
  return e.write(buffer, p);
}

/**
 * @param {StructuredEncoder} e
 * @param {any} view
 * @param {any} buffer
 * @param {boolean} isDataView
 * @param {number} p
 */
function writeBounds(e, view, buffer, isDataView, p) {
  if (isOutOfBounds(view, isDataView)) throw new Refusal('a view that its buffer no longer covers');
  const tracks = bufferResizable.call(buffer) === true && tracksLength(view, isDataView);
  e.bytes[p] = tracks ? 1 : 0;
  if (p + 32 > e.limit) p = e.makeRoom(p + 1, 32) - 1;
  p = e.writeFloat((isDataView ? viewOffset : arrayOffset).call(view), p + 1);
  return e.writeFloat((isDataView ? viewBytes : arrayLength).call(view), p);
}

/**
 * Methods of a view whose buffer has shrunk away throw.
 * @param {any} view
 * @param {boolean} isDataView
 */
function isOutOfBounds(view, isDataView) {
  try {
    if (isDataView) viewBytes.call(view);
    else TypedArrayPrototype.at.call(view, 0);
    return false;
  } catch {
    return true;
  }
}

/**
 * Whether the length of a view follows its buffer, which nothing tells: look at a clone whose
 * buffer changes its size.
 * @param {any} view
 * @param {boolean} isDataView
 */
function tracksLength(view, isDataView) {
  const clone = structuredClone(view);
  const { buffer } = clone;
  const size = (isDataView ? viewBytes : arrayBytes).call(clone);
  if (size === 0 && buffer.byteLength === buffer.maxByteLength) return false;
  const element = isDataView ? 1 : clone.BYTES_PER_ELEMENT;
  const end = clone.byteOffset + size;
  if (end + element <= buffer.byteLength) return false;
  buffer.resize(size === 0 ? Math.min(end + element, buffer.maxByteLength) : end - element);
  return (
    !isOutOfBounds(clone, isDataView) && (isDataView ? viewBytes : arrayBytes).call(clone) !== size
  );
}

/** @param {StructuredEncoder} e @param {any} buffer @param {number} p */
function writeBuffer(e, buffer, p) {
  const size = arrayLength.call(buffer);
  if (size === 0 && isOutOfBounds(buffer, false)) throw new Refusal('a detached Buffer');
  if (size > MAX_UINT32) throw new Refusal('a Buffer of more than 4 GiB');
  if (types.isSharedArrayBuffer(arrayBufferOf(buffer)))
    throw new Refusal('a view of a SharedArrayBuffer');
  e.bytes[p] = T.BUFFER;
  return e.writeBytes(plainBytes(buffer), e.writeUint32(size, p + 1));
}

/** @param {any} buffer */
function arrayBufferOf(buffer) {
  return arrayBuffer.call(buffer);
}

/** @param {StructuredEncoder} e @param {any} buffer @param {number} p */
function writeArrayBuffer(e, buffer, p) {
  const size = bufferBytes.call(buffer);
  if (size > MAX_UINT32) throw new Refusal('an ArrayBuffer of more than 4 GiB');
  if (isDetached(buffer, size)) throw new Refusal('a detached ArrayBuffer');
  e.arrayBuffers++;
  if (bufferResizable.call(buffer) === true) {
    e.bytes[p] = T.RESIZABLE_BUFFER;
    p = e.writeFloat(reserve(e, bufferMaximum.call(buffer)), p + 1);
  } else {
    e.bytes[p++] = T.ARRAY_BUFFER;
  }
  return e.writeBytes(new Uint8Array(buffer), e.writeUint32(size, p));
}

/** @param {StructuredEncoder} e @param {number} maximum */
function reserve(e, maximum) {
  e.reservedBytes += maximum;
  if (++e.resizableBuffers > T.MAX_RESIZABLE_BUFFERS || e.reservedBytes > T.MAX_RESERVED_BYTES) {
    throw new Refusal('more resizable ArrayBuffers than one message may reserve memory for');
  }
  return maximum;
}

/**
 * Node 20 has no `detached`; there a view of a detached buffer cannot be made.
 * @param {any} buffer
 * @param {number} size
 */
function isDetached(buffer, size) {
  if (size !== 0) return false;
  if (bufferDetached.call(buffer) === true) return true;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/**
 * Errors keep what the language says about them; of their properties, those that can travel.
 * @param {StructuredEncoder} e
 * @param {any} error
 * @param {number} p
 */
function writeError(e, error, p) {
  const { className, name, message, stack } = describe(error, e.errorTexts());
  e.bytes[p++] = T.ERROR;
  for (const text of [className, name, message, stack]) p = e.write(text, p);
  for (const key of propertyKeys(error)) p = writeErrorProperty(e, error, key, p);
  return e.writeTag(T.END, p);
}

/**
 * Leaves no trace of a property that cannot be read, cannot be sent or is too much.
 * @param {StructuredEncoder} e
 * @param {any} error
 * @param {string} key
 * @param {number} p
 */
function writeErrorProperty(e, error, key, p) {
  const mark = e.mark(p);
  try {
    p = e.write(error[key], e.writeString(key, p));
    if (e.sizeAt(p) <= e.errorBudget) return p;
  } catch {
    e.trail.length = 0;
  }
  return e.rewind(mark);
}

module.exports = { writeExotic };
