'use strict';

const { quote } = require('./shape-writer');
const T = require('./tags');

/** Stands for a property that vanished while its object was encoded; never reaches a user. */
const GONE = Symbol('gone');
const USES_BEFORE_COMPILING = 8;

/** @typedef {import('./structured-decoder').StructuredDecoder} StructuredDecoder */
/** @typedef {(decoder: StructuredDecoder) => object} ReadObject */

/** Reads the objects of a shape. */
class ShapeReader {
  #keys;

  /** @param {string[]} keys distinct, without __proto__ @param {boolean} compile */
  constructor(keys, compile) {
    this.#keys = keys;
    /** @type {ReadObject} for records without references */
    this.read = this.#loop(compile);
  }

  /**
   * Read the values into an object that references may name already.
   * @param {StructuredDecoder} decoder
   * @param {any} object
   */
  fill(decoder, object) {
    for (const key of this.#keys) {
      const value = decoder.read();
      if (value === GONE) decoder.gone--;
      else define(object, key, value);
    }
    return object;
  }

  /** @param {boolean} compile @returns {ReadObject} */
  #loop(compile) {
    let uses = 0;
    return (decoder) => {
      if (compile && ++uses === USES_BEFORE_COMPILING) this.read = compileReader(this.#keys);
      return this.fill(decoder, {});
    };
  }
}

/**
 * An object literal: one allocation of the right size, properties in order. What read() does most
 * often is done in place; bytes are looked at behind the end, but nothing made of them is kept.
 * @param {string[]} keys
 * @returns {ReadObject}
 */
function compileReader(keys) {
  const properties = keys.map((key, i) => `${quote(key)}: v${i}`).join(', ');
  const body = `
    return (d) => {
      const b = d.bytes;
      let p = d.p, t;
      ${keys.map(readProperty).join('')}
      if (p > d.end) d.cutShort();
      d.p = p;
      const object = { ${properties} };
      return d.gone === 0 ? object : prune(d, object);
    };`;
  return new Function('prune', `'use strict'; ${body}`)(prune);
}

/** @param {string} _key @param {number} i */
function readProperty(_key, i) {
  return `
      let v${i};
      t = b[p];
      if (t >= ${T.INTEGER} && t < ${T.STRING}) {
        v${i} = t - ${T.INTEGER};
        p++;
      } else if (t === ${T.INT32}) {
        v${i} = b[p + 1] | (b[p + 2] << 8) | (b[p + 3] << 16) | (b[p + 4] << 24);
        p += 5;
      } else if (t >= ${T.STRING} && t < ${T.SHAPE_SHORT}) {
        v${i} = d.shortAt(b, p + 1, t - ${T.STRING});
        p += t - ${T.STRING - 1};
      } else {
        d.p = p;
        v${i} = d.read();
        p = d.p;
      }`;
}

/** @param {StructuredDecoder} decoder @param {any} object */
function prune(decoder, object) {
  for (const key of Object.keys(object)) {
    if (object[key] !== GONE) continue;
    delete object[key];
    decoder.gone--;
  }
  return object;
}

/**
 * P9.9
 * @param {any} object
 * @param {string} key
 * @param {unknown} value
 */
function define(object, key, value) {
  if (key in Object.prototype) {
    Object.defineProperty(object, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  } else {
    object[key] = value;
  }
}

module.exports = { ShapeReader, GONE };
