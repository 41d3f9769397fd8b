'use strict';

const { quote } = require('./shape-writer');

/** Stands for a property that vanished while its object was encoded; never reaches a user. */
const GONE = Symbol('gone');
const USES_BEFORE_COMPILING = 8;

/** Reads the objects of a shape. */
class ShapeReader {
  #keys;

  /** @param {string[]} keys distinct, without __proto__ @param {boolean} compile */
  constructor(keys, compile) {
    this.#keys = keys;
    /** @type {(decoder: any) => object} for records without references */
    this.read = this.#loop(compile);
  }

  /** Read the values into an object that references may name already. */
  fill(decoder, object) {
    for (const key of this.#keys) {
      const value = decoder.read();
      if (value === GONE) decoder.gone--;
      else define(object, key, value);
    }
    return object;
  }

  #loop(compile) {
    let uses = 0;
    return (decoder) => {
      if (compile && ++uses === USES_BEFORE_COMPILING) this.read = this.#compile();
      return this.fill(decoder, {});
    };
  }

  /** An object literal: one allocation of the right size, properties in order. */
  #compile() {
    const properties = this.#keys.map((key) => `${quote(key)}: d.read()`).join(', ');
    const body = `return (d) => { const o = { ${properties} }; return d.gone === 0 ? o : prune(d, o); };`;
    return new Function('prune', `'use strict'; ${body}`)(prune);
  }
}

function prune(decoder, object) {
  for (const key of Object.keys(object)) {
    if (object[key] !== GONE) continue;
    delete object[key];
    decoder.gone--;
  }
  return object;
}

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
