'use strict';

const SLOTS = 4096;
/** Longer strings are not kept: they rarely recur. */
const MAX_KEPT = 32;

/** Recent short strings, so that keys and enumerations which recur are not allocated each time. */
class ShortStrings {
  /** @type {string[]} */
  #slots = new Array(SLOTS).fill('');

  /**
   * @param {any} bytes a Buffer
   * @param {number} from
   * @param {number} n 1 to 63
   * @returns {string} of Latin-1 characters
   */
  read(bytes, from, n) {
    if (n > MAX_KEPT) return bytes.latin1Slice(from, from + n);
    const last = from + n - 1;
    const ends = bytes[from] * 7 + bytes[from + (n >> 1)] * 257 + bytes[last] * 31;
    const slot = (ends + n * 61 + (n > 1 ? bytes[last - 1] * 1021 : 0)) & (SLOTS - 1);
    const kept = this.#slots[slot];
    if (kept.length === n && isAt(kept, bytes, from)) return kept;
    const text = bytes.latin1Slice(from, from + n);
    this.#slots[slot] = text;
    return text;
  }
}

/** @param {string} text @param {any} bytes @param {number} from */
function isAt(text, bytes, from) {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[from + i]) return false;
  return true;
}

module.exports = { ShortStrings };
