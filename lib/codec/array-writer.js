'use strict';

const { inspect } = require('node:util');
const T = require('./tags');

/** @typedef {import('./structured-encoder').StructuredEncoder} StructuredEncoder */

const { keys: keysOf, getPrototypeOf } = Object;
const { hasOwnProperty, propertyIsEnumerable } = Object.prototype;

/** Up to here counting the keys of an array beats asking inspect. */
const COUNTED_ELEMENTS = 96;
/** The last index of an array of n elements, as a key. */
const LAST_KEY = Array.from({ length: COUNTED_ELEMENTS + 1 }, (_, n) => String(n - 1));
const MAX_LENGTH = 2 ** 32 - 1;
const SUMMARY = { maxArrayLength: 0, depth: 0, customInspect: false, breakLength: Infinity };

/**
 * Elements in order; from the first hole on, and for properties that are no elements, pairs.
 * @param {import('./structured-encoder').StructuredEncoder} e
 * @param {unknown[]} array
 * @param {number} p with a margin
 * @returns {number}
 */
function writeArray(e, array, p) {
  const n = array.length;
  const head = p - e.start;
  if (n < 16) {
    e.bytes[p++] = T.ARRAY_SHORT + n;
  } else {
    e.bytes[p] = T.ARRAY;
    p = e.writeUint32(n, p + 1);
  }
  let i = 0;
  try {
    for (; i < n; i++) {
      const value = array[i];
      if (typeof value === 'number') {
        p = e.writeNumber(value, e.roomForOne(p));
      } else {
        if (value === undefined && !hasOwnProperty.call(array, i)) break;
        p = e.write(value, p);
      }
    }
  } catch (thrown) {
    e.trail.push(i);
    throw thrown;
  }
  return i === n && isDense(array, n) ? p : writeRest(e, array, n, i, head, p);
}

/**
 * Whether an array without holes has no other properties.
 * @param {any[]} array
 * @param {number} n
 */
function isDense(array, n) {
  if (n > COUNTED_ELEMENTS && getPrototypeOf(array) === Array.prototype && canSummarize()) {
    return inspect(array, SUMMARY) === `[ ... ${n} more items ]`;
  }
  const keys = keysOf(array);
  return (
    keys.length === n &&
    (n === 0 || keys[n - 1] === (n <= COUNTED_ELEMENTS ? LAST_KEY[n] : String(n - 1)))
  );
}

/** @type {boolean | undefined} found out at the first long array, because it takes a millisecond */
let summarizes;

/** Whether inspect sums an array up so that other properties show, at a constant cost. */
function canSummarize() {
  summarizes ??=
    inspect([1, 2], SUMMARY) === '[ ... 2 more items ]' &&
    inspect(Object.assign([1, 2], { x: 1 }), SUMMARY) !== '[ ... 2 more items ]';
  return summarizes;
}

/**
 * What an array has besides its first `dense` elements: elements after a hole, other properties,
 * and which of those elements should not have been sent because they are not enumerable. Elements
 * that a getter has added beyond its first length do not count.
 * @param {StructuredEncoder} e
 * @param {any[]} array
 * @param {number} n
 * @param {number} dense
 * @param {number} head
 * @param {number} p
 */
function writeRest(e, array, n, dense, head, p) {
  const rest = keysOf(array).filter(
    (key) => isIndexIn(key, dense, n) || !isIndexIn(key, 0, MAX_LENGTH),
  );
  const hidden = [];
  for (let i = 0; i < dense; i++) {
    if (hasOwnProperty.call(array, i) && !propertyIsEnumerable.call(array, i)) hidden.push(i);
  }
  p = e.roomForOne(p);
  extendHead(e, e.start + head);
  e.bytes[p] = T.REST;
  p = e.writeUint32(rest.length + hidden.length, p + 1);
  for (const i of hidden) p = e.writeGone(e.write(i, p));
  return writePairs(e, array, rest, p);
}

/** @param {StructuredEncoder} e @param {number} at */
function extendHead(e, at) {
  const tag = e.bytes[at];
  e.bytes[at] = tag === T.ARRAY ? T.ARRAY_EXTENDED : tag - T.ARRAY_SHORT + T.ARRAY_EXTENDED_SHORT;
}

/**
 * @param {StructuredEncoder} e
 * @param {any[]} array
 * @param {string[]} keys
 * @param {number} p
 */
function writePairs(e, array, keys, p) {
  let step;
  try {
    for (const key of keys) {
      step = isIndexIn(key, 0, MAX_LENGTH) ? Number(key) : key;
      p = e.writeProperty(array, key, e.write(step, p));
    }
  } catch (thrown) {
    e.trail.push(step);
    throw thrown;
  }
  return p;
}

/**
 * Whether a key is an array index from `start` to below `end`.
 * @param {string} key
 * @param {number} start
 * @param {number} end
 */
function isIndexIn(key, start, end) {
  const c = key.charCodeAt(0);
  if (!(c >= 48 && c <= 57)) return false;
  const index = Number(key);
  return index >= start && index < end && Number.isInteger(index) && String(index) === key;
}

module.exports = { writeArray };
