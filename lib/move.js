'use strict';

const { inspect, types } = require('node:util');

/** @type {WeakMap<object, readonly any[]>} what goes with a value that was marked */
const marked = new WeakMap();
/** Marks that no write has used yet: while there are none, no value is looked up. */
let unused = 0;

/**
 * Mark a value as moved: a pipe over a MessagePort then transfers what it holds instead of copying
 * it, and it is detached here. The mark counts once, for the next write of this value to a port. A process
 * cannot be given memory of another: over pipes to processes, and in calls, a moved value is copied.
 * A Buffer that is a part of some memory, as small ones are, is copied too: the rest is not its own.
 * @template T
 * @param {T} value returned as it is
 * @param {readonly any[]} [transferList] default: the memory of a typed array, or else the value
 *   itself: an ArrayBuffer, a MessagePort and the like
 * @returns {T}
 * @throws {TypeError} for a transferList that is no array, and for a plain object without one
 */
function move(value, transferList) {
  if (transferList !== undefined && !Array.isArray(transferList))
    throw new TypeError(
      `transferList must be an array, got ${inspect(transferList, { depth: 0 })}`,
    );
  if (typeof value !== 'object' || value === null) return value;
  const list = transferList ?? transferablesOf(value);
  if (list.length > 0) mark(keyOf(value), list);
  return value;
}

function mark(key, list) {
  if (!marked.has(key)) unused++;
  marked.set(key, list);
}

/** @param {any} value */
function transferablesOf(value) {
  if (ArrayBuffer.isView(value)) return ownsMemory(value) ? [value.buffer] : [];
  if (types.isSharedArrayBuffer(value)) return []; // both ends have it without that
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  if (!isPlain) return [value];
  throw new TypeError('move needs a transferList for a plain object or an array');
}

/** A view is known by its memory: a stream may wrap it anew on the way to the pipe. */
function keyOf(value) {
  return ArrayBuffer.isView(value) && ownsMemory(value) ? value.buffer : value;
}

function ownsMemory(view) {
  if (types.isSharedArrayBuffer(view.buffer)) return false;
  return !Buffer.isBuffer(view) || view.byteLength === view.buffer.byteLength;
}

/**
 * @param {any} value
 * @returns {readonly any[] | undefined} what is to be transferred with it, where it was marked
 */
function transferListOf(value) {
  if (unused === 0 || typeof value !== 'object' || value === null) return undefined;
  return marked.get(keyOf(value));
}

/** Its mark has been used. @param {any} value */
function forgetMove(value) {
  if (unused === 0 || typeof value !== 'object' || value === null) return;
  if (marked.delete(keyOf(value))) unused--;
}

module.exports = { move, transferListOf, forgetMove };
