'use strict';

/** A shape's writer is compiled when it has been used this often: that costs some 20 µs. */
const USES_BEFORE_COMPILING = 8;

/** Whether this process may generate code from strings. */
const canCompile = (() => {
  try {
    return new Function('return true')();
  } catch {
    return false;
  }
})();

/** A key as a JavaScript string literal. @param {string} key */
function quote(key) {
  return JSON.stringify(key).replace(/[\u2028\u2029]/g, (c) =>
    c === '\u2028' ? '\\u2028' : '\\u2029',
  );
}

/** @typedef {import('./structured-encoder').StructuredEncoder} StructuredEncoder */
/** @typedef {(encoder: StructuredEncoder, object: object, p: number) => number} WriteValues */

/** A numbered list of keys, and how the values of an object that has exactly these are written. */
class Shape {
  /** @param {number} id @param {string[]} keys @param {boolean} compile */
  constructor(id, keys, compile) {
    this.id = id;
    this.keys = keys;
    /** @type {WriteValues} a loop at first */
    this.write = this.#loop(compile);
  }

  /** @param {boolean} compile @returns {WriteValues} */
  #loop(compile) {
    const { keys } = this;
    let uses = 0;
    return (encoder, object, p) => {
      if (compile && ++uses === USES_BEFORE_COMPILING) this.write = compileWriter(keys);
      return encoder.writeValues(object, keys, p);
    };
  }
}

/**
 * StructuredEncoder's writeValues() unrolled, with the common cases of its write(): each property is
 * read and told apart at a place of its own, which the engine can then specialize.
 * @param {string[]} keys
 * @returns {WriteValues}
 */
function compileWriter(keys) {
  const body = `
    return (e, o, p) => {
      let i = 0, v;
      try {
        ${keys.map(writeProperty).join('')}
        return p;
      } catch (thrown) {
        e.trail.push(keys[i]);
        throw thrown;
      }
    };`;
  return new Function('keys', `'use strict'; ${body}`)(keys);
}

/** @param {string} key @param {number} i */
function writeProperty(key, i) {
  const name = quote(key);
  return `
        i = ${i};
        v = o[${name}];
        if (typeof v === 'string') p = e.writeString(v, p);
        else if (typeof v === 'number') p = e.writeNumber(v, e.roomForOne(p));
        else if (typeof v === 'object' && v !== null) p = e.writeObject(v, e.roomForOne(p));
        else if (v === undefined) p = e.writeUndefined(o, ${name}, p);
        else p = e.writeRare(v, e.roomForOne(p));`;
}

module.exports = { Shape, canCompile, quote };
