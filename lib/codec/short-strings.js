'use strict';

const SLOTS = 4096;
/** Longer strings are not kept: they rarely recur, and hashing them costs more than it saves. */
const MAX_KEPT = 32;

/** Recent short strings, so that keys and enumerations which recur are not allocated each time. */
class ShortStrings {
  /** @type {string[]} */
  #slots = new Array(SLOTS).fill('');

  /** @param {Buffer} bytes @param {number} from @param {number} n at most 63 @returns {string} Latin-1 */
  read(bytes, from, n) {
    if (n > MAX_KEPT) return bytes.latin1Slice(from, from + n);
    let hash = n;
    for (let i = 0; i < n; i++) hash = (hash * 31 + bytes[from + i]) | 0;
    const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1);
    const kept = this.#slots[slot];
    if (kept.length === n && isAt(kept, bytes, from)) return kept;
    const text = bytes.latin1Slice(from, from + n);
    this.#slots[slot] = text;
    return text;
  }
}

function isAt(text, bytes, from) {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[from + i]) return false;
  return true;
}

module.exports = { ShortStrings };
