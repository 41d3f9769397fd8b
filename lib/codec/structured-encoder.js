'use strict';

const { types } = require('node:util');
const { SerializationError } = require('../errors');
const { writeArray } = require('./array-writer');
const { writeExotic } = require('./exotic-writer');
const { PLAIN, kindOf } = require('./object-kinds');
const { Refusal, refusalError } = require('./refusal');
const { ShapeTable, canCompile } = require('./shape-table');
const T = require('./tags');

const { isProxy, isArgumentsObject, isModuleNamespaceObject } = types;
const { getPrototypeOf, keys: keysOf } = Object;
const { isArray } = Array;
const { hasOwnProperty } = Object.prototype;
const ObjectPrototype = Object.prototype;

/** Room that write() provides for a tag and a number. */
const MARGIN = 16;
/** Up to here a loop over the characters beats a call of latin1Write. */
const LOOP_LENGTH = 20;
/** Objects of one record that are looked up in a list rather than in a Map. */
const LIST_LENGTH = 24;
/** Binary from this size on becomes a segment when the record has been moved. */
const SEGMENT_BYTES = 32 * 1024;
const PRIVATE_BYTES = 8 * 1024;
const KEPT_PRIVATE_BYTES = 1024 * 1024;
/** Constant time for a one-byte string, whatever its length. */
const NOT_LATIN1 = /[\u0100-\uffff]/;
const EMPTY = {};
const EMPTY_BYTES = Buffer.alloc(0);
const WHOLE_TEXTS = { message: Infinity, stack: Infinity };
const ERROR_TEXTS = { message: 12 * 1024, stack: 16 * 1024 };
const CAUSE_TEXTS = { message: 2 * 1024, stack: 4 * 1024 };

/** Encodes values as structuredClone sees them, in one pass, in place where there is room. */
class StructuredEncoder {
  /**
   * @param {object} [options]
   * @param {boolean} [options.shapes] number recurring lists of keys (default true)
   * @param {number} [options.maxDepth] nesting of containers (default 1000)
   * @param {boolean} [options.compile] generate code for shapes (default: where that is allowed)
   */
  constructor({ shapes = true, maxDepth = 1000, compile = canCompile } = {}) {
    /** @type {any} the Buffer where the record is: what encode() was given, or the private one */
    this.bytes = EMPTY_BYTES;
    this.start = 0;
    /** How the record is marked on the wire: 1, structured. */
    this.codecId = 1;
    this.limit = 0;
    /** limit - MARGIN */
    this.safe = 0;
    /** @type {Array<number | Uint8Array> | null} */
    this.segments = null;
    this.segmentBytes = 0;
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
    /** @type {Buffer | null} */
    this.privateBytes = null;
    /** @type {DataView | null} over `bytes`, made for the first float */
    this.view = null;
    /** @type {Array<Buffer | null>} the buffers whose views are kept */
    this.viewed = [null, null, null, null];
    /** @type {Array<DataView | null>} */
    this.views = [null, null, null, null];
    this.nextView = 0;
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
      let p = position > this.safe ? this.makeRoom(position, MARGIN) : position;
      this.bytes[p] = 0;
      p = this.write(value, p + 1);
      if (this.repeats) this.bytes[this.start] = 1;
      return this.bytes === bytes ? p : this.settle(bytes, position, limit, p);
    } catch (thrown) {
      this.segments = null;
      this.soundShapes = shapesBefore;
      throw refusalError(thrown, this.trail);
    } finally {
      this.busy = false;
      if (this.seenMap !== null) this.seenMap = null;
    }
  }

  /** @returns {Buffer[] | null} definitions of new shapes, which must reach the peer first */
  takeDefinitions() {
    if (this.soundShapes >= 0) this.forgetShapes();
    const { definitions } = this;
    if (definitions !== null) this.definitions = null;
    return definitions;
  }

  /** Let go of the user's values and buffers. */
  release() {
    if (this.busy) return;
    this.seen.fill(null);
    this.segments = null;
    this.viewed.fill(null);
    this.views.fill(null);
    this.view = null;
    this.trail.length = 0;
    if (this.privateBytes !== null && this.privateBytes.length > KEPT_PRIVATE_BYTES)
      this.privateBytes = null;
    this.bytes = EMPTY_BYTES;
  }

  begin(bytes, position, limit) {
    if (this.bytes !== bytes) {
      this.bytes = bytes;
      this.view = null;
    }
    this.start = position;
    this.limit = limit;
    this.safe = limit - MARGIN;
    this.segments = null;
    this.segmentBytes = 0;
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

  /** The record was moved: back if it fits after all, as it may have left for want of a margin. */
  settle(bytes, position, limit, p) {
    if (this.segments !== null) return this.checkSegments(this.segments, p);
    const size = p - this.start;
    if (size > limit - position) return p;
    bytes.set(this.bytes.subarray(this.start, p), position);
    this.begin(bytes, position, limit);
    return position + size;
  }

  /**
   * Move the record to where `need` more bytes fit.
   * @param {number} p
   * @param {number} need
   * @returns {number} p, there
   */
  makeRoom(p, need) {
    const size = p - this.start;
    const from = this.bytes;
    let to = this.privateBytes;
    if (to === null || to === from || size + need > to.length) {
      to = Buffer.allocUnsafeSlow(Math.max(PRIVATE_BYTES, 2 * (size + need)));
      this.privateBytes = to;
    }
    to.set(from.subarray(this.start, p), 0);
    this.bytes = to;
    this.view = null;
    this.start = 0;
    this.limit = to.length;
    this.safe = to.length - MARGIN;
    return size;
  }

  /** @param {unknown} value @param {number} p @returns {number} */
  write(value, p) {
    if (p > this.safe) p = this.makeRoom(p, MARGIN);
    switch (typeof value) {
      case 'string':
        return this.writeString(value, p);
      case 'number':
        return this.writeNumber(value, p);
      case 'object':
        if (value !== null) return this.writeObject(value, p);
        this.bytes[p] = T.NULL;
        return p + 1;
      case 'boolean':
        this.bytes[p] = value ? T.TRUE : T.FALSE;
        return p + 1;
      case 'undefined':
        this.bytes[p] = T.UNDEFINED;
        return p + 1;
      case 'bigint':
        return this.writeBigInt(value, p);
      default:
        throw new Refusal(`a ${typeof value}`);
    }
  }

  /** @param {number} value @param {number} p with a margin */
  writeNumber(value, p) {
    const { bytes } = this;
    if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
      if (value >= 0 && value < 64) {
        bytes[p] = T.INTEGER + value;
        return p + 1;
      }
      bytes[p] = T.INT32;
      bytes[p + 1] = value;
      bytes[p + 2] = value >> 8;
      bytes[p + 3] = value >> 16;
      bytes[p + 4] = value >> 24;
      return p + 5;
    }
    bytes[p] = T.FLOAT64;
    return this.writeFloat(value, p + 1);
  }

  writeFloat(value, p) {
    const view = this.view === null ? this.findView() : this.view;
    view.setFloat64(p, value, true);
    return p + 8;
  }

  findView() {
    const { bytes, viewed } = this;
    let i = viewed.indexOf(bytes);
    if (i < 0) {
      i = this.nextView;
      this.nextView = (i + 1) & 3;
      viewed[i] = bytes;
      this.views[i] = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return (this.view = /** @type {DataView} */ (this.views[i]));
  }

  /** @param {number} value 0 to 2^32 - 1 @param {number} p with a margin */
  writeUint32(value, p) {
    const { bytes } = this;
    bytes[p] = value;
    bytes[p + 1] = value >>> 8;
    bytes[p + 2] = value >>> 16;
    bytes[p + 3] = value >>> 24;
    return p + 4;
  }

  /** @param {string} text @param {number} p needs no margin */
  writeString(text, p) {
    const n = text.length;
    if (p + n + 5 > this.limit) p = this.makeRoom(p, n + 5);
    if (n > LOOP_LENGTH) return this.writeLongString(text, p);
    const { bytes } = this;
    for (let i = 0; i < n; i++) {
      const c = text.charCodeAt(i);
      if (c > 255) return this.writeWideString(text, p);
      bytes[p + 1 + i] = c;
    }
    bytes[p] = T.STRING + n;
    return p + 1 + n;
  }

  writeLongString(text, p) {
    const n = text.length;
    if (NOT_LATIN1.test(text)) return this.writeWideString(text, p);
    const { bytes } = this;
    if (n < 64) {
      bytes[p++] = T.STRING + n;
    } else {
      bytes[p] = T.LATIN1;
      p = this.writeUint32(n, p + 1);
    }
    bytes.latin1Write(text, p, n);
    return p + n;
  }

  writeWideString(text, p) {
    const size = text.length * 2;
    if (p + size + 5 > this.limit) p = this.makeRoom(p, size + 5);
    this.bytes[p] = T.UTF16;
    p = this.writeUint32(size, p + 1);
    this.bytes.ucs2Write(text, p, size);
    return p + size;
  }

  writeBigInt(value, p) {
    let hex = (value < 0n ? -value : value).toString(16);
    if (hex.length % 2 === 1) hex = `0${hex}`;
    const size = hex.length / 2;
    if (p + size + 6 > this.limit) p = this.makeRoom(p, size + 6);
    this.bytes[p] = T.BIGINT;
    this.bytes[p + 1] = value < 0n ? 1 : 0;
    p = this.writeUint32(size, p + 2);
    this.bytes.hexWrite(hex, p, size);
    return p + size;
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

  /** Forget what was written since the mark. @returns {number} the position it marked */
  rewind({ size, segmentCount, state }) {
    Object.assign(this, state);
    if (this.segments !== null) this.segments.length = segmentCount;
    if (segmentCount === 0) this.segments = null;
    if (this.seenMap !== null) this.forgetSeen(this.seenMap, state.seenCount);
    return this.start + size;
  }

  forgetSeen(map, count) {
    if (count <= LIST_LENGTH) this.seenMap = null;
    else for (const [object, id] of map) if (id >= count) map.delete(object);
  }

  /** Size of the record up to p, segments included. @param {number} p */
  sizeAt(p) {
    return p - this.start + this.segmentBytes;
  }

  /** Characters of an error that are sent; less of a cause than of the error itself. */
  errorTexts() {
    if (this.errorBudget === Infinity) return WHOLE_TEXTS;
    return this.depth <= 1 ? ERROR_TEXTS : CAUSE_TEXTS;
  }

  writeReference(id, p) {
    this.seenCount--;
    this.repeats = true;
    this.bytes[p] = T.REFERENCE;
    return this.writeUint32(id, p + 1);
  }

  /** An object whose prototype is Object.prototype. */
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

  writeUnshaped(object, p) {
    const keys = keysOf(object);
    if (this.useShapes && this.table.wants(keys)) {
      const shape = this.define(keys);
      return shape.write(this, object, this.writeShapeTag(shape.id, p));
    }
    if (isArgumentsObject(object)) throw new Refusal('an arguments object');
    return this.writeInline(object, keys, p);
  }

  writeShapeTag(id, p) {
    if (id < 32) {
      this.bytes[p] = T.SHAPE_SHORT + id;
      return p + 1;
    }
    this.bytes[p] = T.SHAPE;
    this.bytes[p + 1] = id;
    return p + 2;
  }

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

  /** The values of an object of a shape; Shape unrolls this loop. */
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

  /** A property that read as undefined: a getter may have deleted it since its key was listed. */
  writeUndefined(object, key, p) {
    if (p > this.safe) p = this.makeRoom(p, MARGIN);
    this.bytes[p] = hasOwnProperty.call(object, key) ? T.UNDEFINED : T.GONE;
    return p + 1;
  }

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

  writeProperty(object, key, p) {
    return hasOwnProperty.call(object, key) ? this.write(object[key], p) : this.writeGone(p);
  }

  writeGone(p) {
    if (p > this.safe) p = this.makeRoom(p, MARGIN);
    this.bytes[p] = T.GONE;
    return p + 1;
  }

  /** Neither an array nor an object whose prototype is Object.prototype. */
  writeOther(object, prototype, p) {
    if (prototype === null) {
      return isModuleNamespaceObject(object)
        ? writeExotic(this, object, p)
        : this.writePlain(object, p);
    }
    return kindOf(prototype) === PLAIN ? this.writeOwn(object, p) : writeExotic(this, object, p);
  }

  /** The own properties of an instance of some class, whose prototype must not shine through. */
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

  /**
   * Raw bytes, after a margin: copied, or left out as a segment.
   * @param {Uint8Array} source
   */
  writeBytes(source, p) {
    const n = source.length;
    if (p + n > this.limit) {
      if (n >= SEGMENT_BYTES) return this.writeSegment(source, p);
      p = this.makeRoom(p, n + MARGIN);
    } else if (n >= SEGMENT_BYTES && this.bytes === this.privateBytes) {
      return this.writeSegment(source, p);
    }
    this.bytes.set(source, p);
    return p + n;
  }

  writeSegment(source, p) {
    if (this.bytes !== this.privateBytes) p = this.makeRoom(p, MARGIN);
    this.segments ??= [];
    this.segments.push(p - this.start, source);
    this.segmentBytes += source.length;
    return p;
  }

  /** A getter may have shrunk or detached a buffer after its length was written. */
  checkSegments(segments, p) {
    let total = 0;
    for (let i = 1; i < segments.length; i += 2) total += segments[i].length;
    if (total !== this.segmentBytes)
      throw new Refusal('a buffer that changed its size while it was encoded');
    return p;
  }
}

module.exports = { StructuredEncoder };
