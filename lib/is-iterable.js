'use strict';

/**
 * Whether it gives items one after the other: an AsyncIterable, a Readable, an async generator.
 * @param {any} value one whose getter throws is none
 */
function isIterable(value) {
  if (value === null || typeof value !== 'object') return false;
  try {
    return typeof value[Symbol.asyncIterator] === 'function';
  } catch {
    return false;
  }
}

module.exports = { isIterable };
