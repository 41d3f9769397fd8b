'use strict';

const { Shape } = require('./shape-writer');
const { MAX_SHAPES, MAX_SHAPE_KEYS, MAX_DEFINITION_BYTES } = require('./tags');

const CANDIDATES = 256;
const MAX_KEY_LENGTH = 256;
/** No key of an object: a node without children carries it, and has no `next`. */
const NO_KEY = '\u0000no key';
class Node {
  key = NO_KEY;
  /** @type {Node | null} where `key` leads */
  next = null;
  /** @type {Map<string, Node> | null} where further keys lead */
  more = null;
  /** @type {Shape | null} the shape whose last key led here */
  shape = null;

  /** @param {string} key @returns {Node | null} */
  step(key) {
    return this.more === null ? null : (this.more.get(key) ?? null);
  }

  /** @param {string} key @returns {Node} */
  grow(key) {
    if (this.key === key && this.next !== null) return this.next;
    if (this.next === null) {
      this.key = key;
      return (this.next = new Node());
    }
    this.more ??= new Map();
    let node = this.more.get(key);
    if (node === undefined) this.more.set(key, (node = new Node()));
    return node;
  }
}

/**
 * Which lists of keys have a number. Everything here is bounded: a flood of ever new keys displaces
 * candidates only, and each further shape has to be seen more often before it gets a number.
 */
class ShapeTable {
  root = new Node();
  /** @type {Shape[]} */
  shapes = [];
  /** @type {Array<{ keys: string[], count: number } | undefined>} direct-mapped */
  #candidates = new Array(CANDIDATES).fill(undefined);
  #compile;

  /** @param {boolean} compile */
  constructor(compile) {
    this.#compile = compile;
  }

  /** @param {string[]} keys @returns {Shape | null} */
  find(keys) {
    /** @type {Node | null} */
    let node = this.root;
    for (let i = 0; i < keys.length; i++) {
      node = node.key === keys[i] ? node.next : node.step(keys[i]);
      if (node === null) return null;
    }
    return node.shape;
  }

  /**
   * Count one more object with these keys.
   * @param {string[]} keys
   * @returns {boolean} whether they have now been seen often enough for a shape
   */
  wants(keys) {
    const n = keys.length;
    const known = this.shapes.length;
    if (n === 0 || n > MAX_SHAPE_KEYS || known === MAX_SHAPES) return false;
    const first = keys[0];
    const last = keys[n - 1];
    const slot =
      (n * 31 +
        first.length * 7 +
        last.length * 13 +
        last.charCodeAt(0) * 3 +
        last.charCodeAt(last.length - 1) * 5) &
      (CANDIDATES - 1);
    const candidate = this.#candidates[slot];
    if (candidate === undefined || !sameKeys(candidate.keys, keys)) {
      this.#candidates[slot] = isPlain(keys) ? { keys, count: 1 } : undefined;
      return false;
    }
    return ++candidate.count >= 3 << (known >> 5);
  }

  /** @param {string[]} keys @returns {Shape} */
  add(keys) {
    const shape = new Shape(this.shapes.length, keys, this.#compile);
    this.shapes.push(shape);
    this.#enter(shape);
    return shape;
  }

  /** Forget all but the first `count` shapes. @param {number} count */
  truncate(count) {
    this.shapes.length = count;
    this.root = new Node();
    this.shapes.forEach((shape) => this.#enter(shape));
  }

  /** @param {Shape} shape */
  #enter(shape) {
    let node = this.root;
    for (const key of shape.keys) node = node.grow(key);
    node.shape = shape;
  }
}

/** @param {string[]} a @param {string[]} b */
function sameKeys(a, b) {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * Keys that may make a shape: not those of Object.prototype, whose values would shine through when a
 * getter deletes a property; none that are indices (arguments objects look like those).
 * @param {string[]} keys
 */
function isPlain(keys) {
  let bytes = 3;
  for (const key of keys) {
    bytes += 5 + 2 * key.length;
    if (key.length > MAX_KEY_LENGTH || bytes > MAX_DEFINITION_BYTES || key in Object.prototype)
      return false;
  }
  const c = keys[0].charCodeAt(0);
  return !(c >= 48 && c <= 57);
}

module.exports = { ShapeTable };
