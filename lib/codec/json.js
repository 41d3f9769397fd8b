'use strict';

const { ProtocolError, SerializationError } = require('../errors');
const { pathOf } = require('./refusal');

const MAX_DEPTH = 1000;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * @param {unknown} value
 * @returns {string}
 * @throws {SerializationError}
 */
function toJson(value) {
  let text;
  try {
    text = JSON.stringify(value);
  } catch (/** @type {any} */ cause) {
    const path = pathOf(findOffender(value));
    throw new SerializationError(`${path} cannot be JSON: ${cause?.message ?? cause}`, {
      path,
      cause,
    });
  }
  if (text !== undefined) return text;
  throw new SerializationError(`payload cannot be JSON: a ${typeof value}`, { path: 'payload' });
}

/**
 * Where JSON.stringify stopped, from the innermost step outwards; only ever called after it did.
 * @param {any} value
 */
function findOffender(value) {
  try {
    return search(value, [], []) ?? [];
  } catch {
    return [];
  }
}

/**
 * @param {any} value
 * @param {unknown[]} trail
 * @param {unknown[]} above
 * @returns {unknown[] | null}
 */
function search(value, trail, above) {
  if (typeof value === 'bigint' || above.includes(value)) return [...trail].reverse();
  if (typeof value !== 'object' || value === null || typeof value.toJSON === 'function')
    return null;
  if (above.length > MAX_DEPTH) return [...trail].reverse();
  for (const key of Object.keys(value)) {
    const step = Array.isArray(value) ? Number(key) : key;
    const found = searchProperty(value, key, [...trail, step], [...above, value]);
    if (found !== null) return found;
  }
  return null;
}

/**
 * @param {any} value
 * @param {string} key
 * @param {unknown[]} trail
 * @param {unknown[]} above
 * @returns {unknown[] | null}
 */
function searchProperty(value, key, trail, above) {
  let property;
  try {
    property = value[key];
  } catch {
    return trail.reverse();
  }
  return search(property, trail, above);
}

/**
 * @param {any} bytes a Buffer
 * @param {number} start
 * @param {number} end
 * @throws {ProtocolError}
 */
function fromJson(bytes, start, end) {
  try {
    const text = bytes.utf8Slice(start, end);
    // The replacement character may be the text's own, or stand for what is not UTF-8.
    return JSON.parse(text.includes('\ufffd') ? utf8.decode(bytes.subarray(start, end)) : text);
  } catch (/** @type {any} */ cause) {
    throw new ProtocolError(`malformed JSON: ${cause.message}`, { rule: 'P9.3', cause });
  }
}

module.exports = { toJson, fromJson };
