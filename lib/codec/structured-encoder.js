'use strict';

const { types } = require('node:util');
const { SerializationError } = require('../errors');
const { writeArray } = require('./array-writer');
const { PLAIN, kindOf } = require('./object-kinds');
const { RecordWriter } = require('./record-writer');
const { Refusal, refusalError } = require('./refusal');
const { ShapeTable } = require('./shape-table');
const { canCompile } = require('./shape-writer');
const T = require('./tags');

/**
 * Loaded at its first use: most workers never write such a value.
 * @type {(encoder: StructuredEncoder, object: any, p: number) => number}
 */
let writeExotic = (encoder, object, p) => {
  ({ writeExotic } = require('./exotic-writer'));
  return writeExotic(encoder, object, p);
};

const { isProxy, isArgumentsObject, isModuleNamespaceObject } = types;
const { getPrototypeOf, keys: keysOf } = Object;
const { isArray } = Array;
const { hasOwnProperty } = Object.prototype;
const ObjectPrototype = Object.prototype;

/** Objects of one record that are looked up in a list rather than in a Map. */
const LIST_LENGTH = 24;
const EMPTY = {};
const WHOLE_TEXTS = { message: Infinity, stack: Infinity };
const ERROR_TEXTS = { message: 12 * 1024, stack: 16 * 1024 };
const CAUSE_TEXTS = { message: 2 * 1024, stack: 4 * 1024 };

/**
 * Encodes values as structuredClone sees them, in one pass, in place where there is room; in the
 * shortest form (P9.7).
 */
class StructuredEncoder extends RecordWriter {
  /**
   * @param {object} [options]
   * @param {boolean} [options.shapes] number recurring lists of keys (default true)
   * @param {number} [options.maxDepth] nesting of containers (default 1000)
   * @param {boolean} [options.compile] generate code for shapes (default: where that is allowed)
   */
  constructor({ shapes = true, maxDepth = 1000, compile = canCompile } = {}) {
    super();
    /** How the record is marked on the wire: 1, structured. */
    this.codecId = 1;
    /** Whether encode() is running: a getter that encodes again needs another encoder. */
    this.busy = false;
    /** @type {unknown[]} steps from the place of a failure outwards */
    this.trail = [];
    this.depth = 0;
    this.maxDepth = maxDepth;
    /** How many ArrayBuffers the record holds, for Buffers that may share one. */
    this.arrayBuffers = 0;
    this.resizableBuffers = 0;
    this.reservedBytes = 0;
    /** Bytes that the texts and properties of errors may take; Infinity but for error frames. */
    this.errorBudget = Infinity;
    /** @type {unknown[]} the first objects of the record, in order */
    this.seen = new Array(LIST_LENGTH).fill(null);
    this.seenCount = 0;
    /** @type {Map<object, number> | null} all objects of the record, once there are many */
    this.seenMap = null;
    this.repeats = false;
    this.useShapes = shapes;
    this.polluted = false;
    this.table = new ShapeTable(compile);
    /** @type {any} Buffers, or null */
    this.definitions = null;
    /** After a refused record: how many shapes there were before it; else -1. */
    this.soundShapes = -1;
  }

  /**
   * Write `value` at bytes[position..limit). When it does not fit there, it moves, half-way, into a
   * private buffer: then `this.bytes` and `this.start` say where it is.
   *
   * @param {Buffer} bytes borrowed until the next call; nothing outside [position, limit) is touched
   * @param {number} position
   * @param {number} limit
   * @param {unknown} value
   * @returns {number} end of the record in `this.bytes`, exclusive. With `this.segments`
   *   [offset, Uint8Array, ...] the record is longer: after `offset` bytes of `this.bytes`, counted
   *   from `this.start`, come the bytes of the array. They belong to the user: copy them at once.
   * @throws {SerializationError} the encoder is then as if it had not been called
   */
  encode(bytes, position, limit, value) {
    if (this.busy) throw new SerializationError('the encoder is busy', { path: 'payload' });
    if (this.soundShapes >= 0) this.forgetShapes();
    const shapesBefore = this.table.shapes.length;
    this.busy = true;
    this.begin(bytes, position, limit);
    try {
      const p = this.write(value, this.writeTag(0, position));
      if (this.repeats) this.bytes[this.start] = 1;
      return this.bytes === bytes ? p : this.settle(bytes, position, limit, p);
    } catch (thrown) {
      this.segments = null;
      this.soundShapes = shapesBefore;
      throw refusalError(thrown, this.trail);
    } finally {
      this.busy = false;
      this.forgetObjects();
    }
  }

  /** @returns {Buffer[] | null} definitions of new shapes, which must reach the peer first */
  takeDefinitions() {
    if (this.soundShapes >= 0) this.forgetShapes();
    const { definitions } = this;
    if (definitions !== null) this.definitions = null;
    return definitions;
  }

  /** Let go of buffers, the user's and large ones of its own. */
  release() {
    if (this.busy) return;
    this.trail.length = 0;
    this.leave();
  }

  /**
   * @param {Buffer} bytes
   * @param {number} position
   * @param {number} limit
   */
  begin(bytes, position, limit) {
    this.place(bytes, position, limit);
    this.depth = 0;
    this.seenCount = 0;
    this.repeats = false;
    this.arrayBuffers = 0;
    this.resizableBuffers = 0;
    this.reservedBytes = 0;
    this.polluted = false;
    for (const key in EMPTY) this.polluted = key !== undefined;
    if (this.trail.length !== 0) this.trail.length = 0;
  }

  /**
   * The record was moved: back if it fits after all, as it may have left for want of a margin.
   * @param {Buffer} bytes
   * @param {number} position
   * @param {number} limit
   * @param {number} p
   */
  settle(bytes, position, limit, p) {
    if (this.segments !== null) {
      this.checkSegments();
      return p;
    }
    const size = p - this.start;
    if (size > limit - position) return p;
    bytes.set(this.bytes.subarray(this.start, p), position);
    this.place(bytes, position, limit);
    return position + size;
  }

  /** @param {unknown} value @param {number} p @returns {number} */
  write(value, p) {
    if (typeof value === 'string') return this.writeString(value, p);
    p = this.roomForOne(p);
    if (typeof value === 'number') return this.writeNumber(value, p);
    if (typeof value === 'object' && value !== null) return this.writeObject(value, p);
    return this.writeRare(value, p);
  }

  /**
   * What is neither a string nor a number nor an object.
   * @param {unknown} value
   * @param {number} p with a margin
   */
  writeRare(value, p) {
    if (typeof value === 'bigint') return this.writeBigInt(value, p);
    if (typeof value === 'function' || typeof value === 'symbol')
      throw new Refusal(`a ${typeof value}`);
    this.bytes[p] =
      value === undefined ? T.UNDEFINED : value === null ? T.NULL : value ? T.TRUE : T.FALSE;
    return p + 1;
  }

  /** @param {object} object @param {number} p with a margin */
  writeObject(object, p) {
    const earlier = this.number(object);
    if (earlier >= 0) return this.writeReference(earlier, p);
    if (isProxy(object)) throw new Refusal('a Proxy');
    if (++this.depth > this.maxDepth)
      throw new Refusal(`nested deeper than ${this.maxDepth} levels`);
    if (isArray(object)) {
      p = writeArray(this, object, p);
    } else {
      const prototype = getPrototypeOf(object);
      p =
        prototype === ObjectPrototype
          ? this.writePlain(object, p)
          : this.writeOther(object, prototype, p);
    }
    this.depth--;
    return p;
  }

  /**
   * @param {object} object
   * @returns {number} its number in this record if it was met before, else -1
   */
  number(object) {
    const n = this.seenCount++;
    const { seen } = this;
    if (n < LIST_LENGTH) {
      for (let i = 0; i < n; i++) if (seen[i] === object) return i;
      seen[n] = object;
      return -1;
    }
    const map = this.seenMap === null ? this.startMap() : this.seenMap;
    const earlier = map.get(object);
    if (earlier !== undefined) return earlier;
    map.set(object, n);
    return -1;
  }

  /** @param {object} object whether it was met before in this record */
  hasSeen(object) {
    const { seenCount, seenMap } = this;
    if (seenMap !== null) return seenMap.has(object);
    return this.seen.indexOf(object) >= 0 && this.seen.indexOf(object) < seenCount;
  }

  /** The user's objects must not live on because they were sent. */
  forgetObjects() {
    const { seen } = this;
    const n = this.seenCount < LIST_LENGTH ? this.seenCount : LIST_LENGTH;
    for (let i = 0; i < n; i++) seen[i] = null;
    if (this.seenMap !== null) this.seenMap = null;
  }

  startMap() {
    const map = new Map();
    for (let i = 0; i < LIST_LENGTH; i++) map.set(this.seen[i], i);
    return (this.seenMap = map);
  }

  /** Where the record stands, for rewind(). @param {number} p */
  mark(p) {
    const {
      depth,
      seenCount,
      repeats,
      segments,
      segmentBytes,
      arrayBuffers,
      resizableBuffers,
      reservedBytes,
    } = this;
    const state = {
      depth,
      seenCount,
      repeats,
      segmentBytes,
      arrayBuffers,
      resizableBuffers,
      reservedBytes,
    };
    return { size: p - this.start, segmentCount: segments === null ? 0 : segments.length, state };
  }

  /**
   * Forget what was written since the mark.
   * @param {ReturnType<StructuredEncoder['mark']>} mark
   * @returns {number} the position it marked
   */
  rewind({ size, segmentCount, state }) {
    Object.assign(this, state);
    if (this.segments !== null) this.segments.length = segmentCount;
    if (segmentCount === 0) this.segments = null;
    if (this.seenMap !== null) this.forgetSeen(this.seenMap, state.seenCount);
    return this.start + size;
  }

  /** @param {Map<object, number>} map @param {number} count */
  forgetSeen(map, count) {
    if (count <= LIST_LENGTH) this.seenMap = null;
    else for (const [object, id] of map) if (id >= count) map.delete(object);
  }

  /** Characters of an error that are sent; less of a cause than of the error itself. */
  errorTexts() {
    if (this.errorBudget === Infinity) return WHOLE_TEXTS;
    return this.depth <= 1 ? ERROR_TEXTS : CAUSE_TEXTS;
  }

  /** @param {number} id @param {number} p */
  writeReference(id, p) {
    this.seenCount--;
    this.repeats = true;
    this.bytes[p] = T.REFERENCE;
    return this.writeUint32(id, p + 1);
  }

  /** An object whose prototype is Object.prototype. @param {any} object @param {number} p */
  writePlain(object, p) {
    if (this.polluted) return this.writeInline(object, keysOf(object), p);
    let node = this.table.root;
    for (const key in object) {
      const next = node.key === key ? node.next : node.step(key);
      if (next === null) return this.writeUnshaped(object, p);
      node = next;
    }
    const { shape } = node;
    if (shape === null) return this.writeUnshaped(object, p);
    return shape.write(this, object, this.writeShapeTag(shape.id, p));
  }

  /** @param {any} object @param {number} p */
  writeUnshaped(object, p) {
    const keys = keysOf(object);
    if (this.useShapes && this.table.wants(keys)) {
      const shape = this.define(keys);
      return shape.write(this, object, this.writeShapeTag(shape.id, p));
    }
    if (isArgumentsObject(object)) throw new Refusal('an arguments object');
    return this.writeInline(object, keys, p);
  }

  /** @param {number} id @param {number} p */
  writeShapeTag(id, p) {
    if (id < 32) {
      this.bytes[p] = T.SHAPE_SHORT + id;
      return p + 1;
    }
    this.bytes[p] = T.SHAPE;
    this.bytes[p + 1] = id;
    return p + 2;
  }

  /** @param {string[]} keys */
  define(keys) {
    const shape = this.table.add(keys);
    const scratch = new StructuredEncoder({ shapes: false });
    scratch.begin(Buffer.alloc(T.MAX_DEFINITION_BYTES), 0, T.MAX_DEFINITION_BYTES);
    let p = 3;
    for (const key of keys) p = scratch.writeString(key, p);
    scratch.bytes.writeUInt16LE(shape.id, 0);
    scratch.bytes[2] = keys.length;
    this.definitions ??= [];
    this.definitions.push(scratch.bytes.subarray(0, p));
    return shape;
  }

  /** Not done while the refused record unwinds: the stack may be full then. */
  forgetShapes() {
    const count = this.soundShapes;
    const lost = this.table.shapes.length - count;
    this.soundShapes = -1;
    if (lost === 0) return;
    this.table.truncate(count);
    const { length } = this.definitions;
    this.definitions = length === lost ? null : this.definitions.slice(0, length - lost);
  }

  /**
   * The values of an object of a shape; Shape unrolls this loop.
   * @param {any} object
   * @param {string[]} keys
   * @param {number} p
   */
  writeValues(object, keys, p) {
    let i = 0;
    try {
      for (; i < keys.length; i++) {
        const value = object[keys[i]];
        p = value === undefined ? this.writeUndefined(object, keys[i], p) : this.write(value, p);
      }
    } catch (thrown) {
      this.trail.push(keys[i]);
      throw thrown;
    }
    return p;
  }

  /**
   * A property that read as undefined: a getter may have deleted it since its key was listed.
   * @param {any} object
   * @param {string} key
   * @param {number} p
   */
  writeUndefined(object, key, p) {
    return this.writeTag(hasOwnProperty.call(object, key) ? T.UNDEFINED : T.GONE, p);
  }

  /** @param {any} object @param {string[]} keys @param {number} p */
  writeInline(object, keys, p) {
    const n = keys.length;
    if (n < 16) {
      this.bytes[p++] = T.OBJECT_SHORT + n;
    } else {
      this.bytes[p] = T.OBJECT;
      p = this.writeUint32(n, p + 1);
    }
    let i = 0;
    try {
      for (; i < n; i++) p = this.writeProperty(object, keys[i], this.writeString(keys[i], p));
    } catch (thrown) {
      this.trail.push(keys[i]);
      throw thrown;
    }
    return p;
  }

  /** @param {any} object @param {string} key @param {number} p */
  writeProperty(object, key, p) {
    return hasOwnProperty.call(object, key) ? this.write(object[key], p) : this.writeGone(p);
  }

  /** @param {number} p */
  writeGone(p) {
    return this.writeTag(T.GONE, p);
  }

  /**
   * Neither an array nor an object whose prototype is Object.prototype.
   * @param {any} object
   * @param {object | null} prototype
   * @param {number} p
   */
  writeOther(object, prototype, p) {
    if (prototype === null) {
      return isModuleNamespaceObject(object)
        ? writeExotic(this, object, p)
        : this.writePlain(object, p);
    }
    return kindOf(prototype) === PLAIN ? this.writeOwn(object, p) : writeExotic(this, object, p);
  }

  /**
   * The own properties of an instance of some class, whose prototype must not shine through.
   * @param {any} object
   * @param {number} p
   */
  writeOwn(object, p) {
    const keys = keysOf(object);
    let shape = this.table.find(keys);
    if (shape === null && this.useShapes && this.table.wants(keys)) shape = this.define(keys);
    if (shape === null) return this.writeInline(object, keys, p);
    p = this.writeShapeTag(shape.id, p);
    let i = 0;
    try {
      for (; i < keys.length; i++) p = this.writeProperty(object, keys[i], p);
    } catch (thrown) {
      this.trail.push(keys[i]);
      throw thrown;
    }
    return p;
  }
}

module.exports = { StructuredEncoder };
