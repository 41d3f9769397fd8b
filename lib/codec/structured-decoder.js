'use strict';

const { ProtocolError } = require('../errors');
const { ShapeReader, GONE } = require('./shape-reader');
const { ShortStrings } = require('./short-strings');
const { canCompile } = require('./shape-writer');
const T = require('./tags');

/**
 * Loaded at its first use: most workers never read such a value.
 * @type {(decoder: StructuredDecoder, tag: number) => any}
 */
let readExotic = (decoder, tag) => {
  ({ readExotic } = require('./exotic-reader'));
  return readExotic(decoder, tag);
};

const { MAX_SHAPES, MAX_SHAPE_KEYS, MAX_DEFINITION_BYTES } = T;
/** A hole of more than this at the end of an array is made without memory for it. */
const FILLED_GAP = 1024;
/** Arrays up to this length get their room at once, longer ones as they grow. */
const MAX_PREPARED = 1 << 20;
/** Arrays up to this length are literals. */
const FEW = 4;
const EMPTY_BYTES = Buffer.alloc(0);

/** Decodes what StructuredEncoder wrote, or throws: any bytes at all may be put before it. */
class StructuredDecoder {
  /** @type {ShapeReader[]} */
  #shapes = [];
  #strings = new ShortStrings();
  #maxDepth;
  #maxShapes;
  #compile;

  /**
   * @param {object} [options]
   * @param {number} [options.maxDepth] nesting of containers (default 1000)
   * @param {number} [options.maxShapes] definitions that are accepted (default and maximum 256)
   * @param {boolean} [options.compile] generate code for shapes (default: where that is allowed)
   */
  constructor({ maxDepth = 1000, maxShapes = MAX_SHAPES, compile = canCompile } = {}) {
    this.#maxDepth = maxDepth;
    this.#maxShapes = Math.min(maxShapes, MAX_SHAPES);
    this.#compile = compile;
    /** @type {any} the Buffer that is being decoded */
    this.bytes = EMPTY_BYTES;
    this.p = 0;
    this.end = 0;
    this.start = 0;
    this.owned = false;
    this.depth = 0;
    /** Values GONE that no object has taken out yet. */
    this.gone = 0;
    /** @type {unknown[] | null} the objects so far, in a record with references */
    this.objects = null;
    /** Elements of all arrays so far; each takes a byte, so more than bytes would be a lie. */
    this.claimed = 0;
    this.reservedBytes = 0;
    this.resizableBuffers = 0;
    /** @type {DataView | null} */
    this.view = null;
  }

  /**
   * Take in the definition of a shape, which later records use.
   * @param {Buffer} bytes
   * @param {number} start
   * @param {number} end
   * @throws {ProtocolError}
   */
  define(bytes, start, end) {
    if (end - start > MAX_DEFINITION_BYTES || end - start < 3)
      throw malformed('P9.15', 'definition of a wrong size');
    if (this.#shapes.length >= this.#maxShapes) throw malformed('P9.15', 'too many definitions');
    this.#begin(bytes, start, end, false);
    const id = bytes[start] | (bytes[start + 1] << 8);
    const count = bytes[start + 2];
    this.p = start + 3;
    if (id !== this.#shapes.length) throw malformed('P9.15', 'definition out of turn');
    if (count === 0 || count > MAX_SHAPE_KEYS)
      throw malformed('P9.15', 'definition with a wrong number of keys');
    const keys = [];
    for (let i = 0; i < count; i++) keys.push(this.readKey());
    if (this.p !== end) throw malformed('P9.15', 'bytes after a definition');
    if (new Set(keys).size !== count || keys.includes('__proto__'))
      throw malformed('P9.15', 'definition with wrong keys');
    this.#shapes.push(new ShapeReader(keys, this.#compile));
  }

  /**
   * @param {Buffer} bytes
   * @param {number} start
   * @param {number} end the value must take exactly [start, end)
   * @param {boolean} [owned] the bytes belong to this message alone: Buffers in it may be views of them
   * @returns {any}
   * @throws {ProtocolError}
   */
  decode(bytes, start, end, owned = false) {
    this.#begin(bytes, start, end, owned);
    try {
      if (end <= start || bytes[start] > 1) throw malformed('P9.4', 'no record');
      if (bytes[start] === 1) this.objects = [];
      const value = this.read();
      if (this.p !== end) throw malformed('P9.4', 'bytes after the value');
      if (this.gone !== 0) throw malformed('P9.12', 'a property outside of an object');
      return value;
    } catch (/** @type {any} */ thrown) {
      throw thrown instanceof ProtocolError
        ? thrown
        : malformed('P9.13', String(thrown?.message), thrown);
    } finally {
      if (this.objects !== null) this.objects = null;
      if (owned) this.release();
    }
  }

  /** Let go of the bytes. */
  release() {
    this.bytes = EMPTY_BYTES;
    this.view = null;
  }

  /**
   * @param {any} bytes
   * @param {number} start
   * @param {number} end
   * @param {boolean} owned
   */
  #begin(bytes, start, end, owned) {
    if (this.bytes !== bytes) {
      this.bytes = bytes;
      this.view = null;
    }
    this.start = start;
    this.p = start + 1;
    this.end = end;
    this.owned = owned;
    this.depth = 0;
    this.gone = 0;
    this.claimed = 0;
    this.reservedBytes = 0;
    this.resizableBuffers = 0;
  }

  /** @returns {any} */
  read() {
    const { p, bytes } = this;
    if (p >= this.end) this.cutShort();
    const tag = bytes[p];
    this.p = p + 1;
    if (tag >= T.STRING) {
      if (tag < T.SHAPE_SHORT) return this.#readShort(tag - T.STRING);
      if (tag < T.ARRAY_SHORT) return this.#readShaped(tag - T.SHAPE_SHORT);
      return tag < T.OBJECT_SHORT
        ? this.#readArray(tag - T.ARRAY_SHORT)
        : this.#readObject(tag - T.OBJECT_SHORT);
    }
    if (tag >= T.INTEGER) return tag - T.INTEGER;
    if (tag === T.INT32) return this.readUint32() | 0;
    if (tag === T.FLOAT64) return this.readFloat();
    return this.#readTagged(tag);
  }

  /** @param {number} tag */
  #readTagged(tag) {
    switch (tag) {
      case T.UNDEFINED:
        return undefined;
      case T.NULL:
        return null;
      case T.FALSE:
        return false;
      case T.TRUE:
        return true;
      case T.LATIN1:
      case T.UTF16:
        return this.#readLong(tag);
      case T.GONE:
        this.gone++;
        return GONE;
      case T.REFERENCE:
        return this.#readReference();
      case T.SHAPE:
        return this.#readShaped(this.readByte());
      case T.ARRAY:
        return this.#readArray(this.readCount(1));
      case T.ARRAY_EXTENDED:
        return this.#readExtended(this.readUint32());
      case T.OBJECT:
        return this.#readObject(this.readCount(2));
      default:
        if (tag >= T.ARRAY_EXTENDED_SHORT) return this.#readExtended(tag - T.ARRAY_EXTENDED_SHORT);
        return this.#nested(readExotic, tag);
    }
  }

  /**
   * Everything that holds values goes through here or counts for itself.
   * @param {(decoder: StructuredDecoder, tag: number) => any} readWhat
   * @param {number} tag
   */
  #nested(readWhat, tag) {
    this.enter();
    const value = readWhat(this, tag);
    this.depth--;
    return value;
  }

  enter() {
    if (++this.depth > this.#maxDepth)
      throw malformed('P9.11', `nested deeper than ${this.#maxDepth} levels`);
  }

  /** @returns {never} */
  cutShort() {
    throw malformed('P9.5', 'value cut short');
  }

  readByte() {
    if (this.p >= this.end) this.cutShort();
    return this.bytes[this.p++];
  }

  readUint32() {
    const { p, bytes } = this;
    if (p + 4 > this.end) this.cutShort();
    this.p = p + 4;
    return (bytes[p] | (bytes[p + 1] << 8) | (bytes[p + 2] << 16) | (bytes[p + 3] << 24)) >>> 0;
  }

  readFloat() {
    const { p, bytes } = this;
    if (p + 8 > this.end) this.cutShort();
    this.p = p + 8;
    const view = this.view === null ? this.#makeView(bytes) : this.view;
    return view.getFloat64(p, true);
  }

  /** @param {any} bytes */
  #makeView(bytes) {
    return (this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  /** A count of things of which each takes at least `size` bytes. @param {number} size */
  readCount(size) {
    const count = this.readUint32();
    if (count * size > this.end - this.p)
      throw malformed('P9.5', 'a count beyond the bytes that are left');
    return count;
  }

  /**
   * @param {number} n
   * @returns {number} where `n` bytes start, which are then consumed
   */
  take(n) {
    const from = this.p;
    if (n > this.end - from) this.cutShort();
    this.p = from + n;
    return from;
  }

  /** @param {number} n */
  #readShort(n) {
    const from = this.take(n);
    return n === 0 ? '' : this.#strings.read(this.bytes, from, n);
  }

  /**
   * A short string that may reach behind the end: the caller checks that afterwards.
   * @param {Buffer} bytes
   * @param {number} from
   * @param {number} n
   */
  shortAt(bytes, from, n) {
    return n === 0 ? '' : this.#strings.read(bytes, from, n);
  }

  /** @param {number} tag */
  #readLong(tag) {
    const n = this.readUint32();
    const from = this.take(n);
    if (tag === T.LATIN1) return this.bytes.latin1Slice(from, from + n);
    if (n % 2 !== 0) throw malformed('P9.6', 'half a character');
    return this.bytes.ucs2Slice(from, from + n);
  }

  /** @returns {string} */
  readKey() {
    const tag = this.readByte();
    if (tag >= T.STRING && tag < T.SHAPE_SHORT) return this.#readShort(tag - T.STRING);
    if (tag === T.LATIN1 || tag === T.UTF16) return this.#readLong(tag);
    throw malformed('P9.6', 'a key that is not a string');
  }

  #readReference() {
    const id = this.readUint32();
    const { objects } = this;
    if (objects === null || id >= objects.length || objects[id] === undefined)
      throw malformed('P9.16', 'a reference to nothing');
    return objects[id];
  }

  /**
   * @template {object} Kept
   * @param {Kept} object that references may name from now on
   * @returns {Kept}
   */
  keep(object) {
    if (this.objects !== null) this.objects.push(object);
    return object;
  }

  /** @param {number} id */
  #readShaped(id) {
    const shapes = this.#shapes;
    if (id >= shapes.length) throw malformed('P9.14', 'a shape that was not defined');
    this.enter();
    const shape = shapes[id];
    const object = this.objects === null ? shape.read(this) : shape.fill(this, this.keep({}));
    this.depth--;
    return object;
  }

  /** @param {number} count */
  #readObject(count) {
    this.enter();
    const object = this.keep({});
    for (let i = 0; i < count; i++) {
      const key = this.readKey();
      const value = this.read();
      if (value === GONE) this.gone--;
      else setOwn(object, key, value);
    }
    this.depth--;
    return object;
  }

  /** @param {number} count */
  #readArray(count) {
    if (count > this.end - this.p)
      throw malformed('P9.5', 'a count beyond the bytes that are left');
    this.enter();
    const array =
      this.objects === null && count <= FEW ? this.#readFew(count) : this.#readMany(count);
    this.depth--;
    return array;
  }

  /**
   * A literal has no room to spare, as an array that grows has.
   * @param {number} count of elements, in a record without references
   */
  #readFew(count) {
    switch (count) {
      case 0:
        return [];
      case 1:
        return [this.read()];
      case 2:
        return [this.read(), this.read()];
      case 3:
        return [this.read(), this.read(), this.read()];
      default:
        return [this.read(), this.read(), this.read(), this.read()];
    }
  }

  /** @param {number} count */
  #readMany(count) {
    this.claimed += count;
    const believed = count <= MAX_PREPARED && this.claimed <= this.end - this.start;
    /** @type {unknown[]} */
    const array = believed ? new Array(count) : [];
    this.keep(array);
    for (let i = 0; i < count; i++) array[i] = this.read();
    return array;
  }

  /** @param {number} length */
  #readExtended(length) {
    this.enter();
    /** @type {unknown[]} */
    const array = [];
    this.keep(array);
    let dense = 0;
    for (; this.p < this.end && this.bytes[this.p] !== T.REST; dense++) array.push(this.read());
    if (this.readByte() !== T.REST || dense > length)
      throw malformed('P9.10', 'an array without its rest');
    extendTo(array, length);
    for (let count = this.readCount(2); count > 0; count--) this.#readPair(array);
    if (array.length !== length) throw malformed('P9.10', 'an array longer than it says');
    this.depth--;
    return array;
  }

  /** @param {any[]} array */
  #readPair(array) {
    const key = this.#readArrayKey(array.length);
    const value = this.read();
    if (value !== GONE) setOwn(array, key, value);
    else {
      this.gone--;
      delete array[key];
    }
  }

  /** An index below the length, or the key of another property. @param {number} length */
  #readArrayKey(length) {
    const key = this.read();
    if (
      typeof key === 'number'
        ? !(Number.isInteger(key) && key >= 0 && key < length)
        : key === 'length' || typeof key !== 'string'
    ) {
      throw malformed('P9.10', 'a key that no array has');
    }
    return key;
  }
}

/** @param {any} object @param {any} key @param {unknown} value */
function setOwn(object, key, value) {
  if (key in Object.prototype || typeof key === 'number') {
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

/**
 * Setting a length allocates that much; an element far out makes the array a sparse one.
 * @param {any[]} array
 * @param {number} length
 */
function extendTo(array, length) {
  if (length - array.length <= FILLED_GAP) {
    array.length = length;
  } else {
    array[length - 1] = undefined;
    delete array[length - 1];
  }
}

/** @param {string} rule of docs/protocol.md @param {string} what @param {unknown} [cause] */
function malformed(rule, what, cause) {
  return new ProtocolError(`malformed value: ${what}`, {
    rule,
    ...(cause === undefined ? {} : { cause }),
  });
}

module.exports = { StructuredDecoder };
