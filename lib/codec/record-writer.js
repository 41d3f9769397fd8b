'use strict';

const { Refusal } = require('./refusal');
const T = require('./tags');

/** Room that write() provides for a tag and a number. */
const MARGIN = 16;
/** Up to here a loop over the characters beats a call of latin1Write. */
const LOOP_LENGTH = 20;
/** Binary from this size on becomes a segment when the record has been moved. */
const SEGMENT_BYTES = 32 * 1024;
const PRIVATE_BYTES = 8 * 1024;
const KEPT_PRIVATE_BYTES = 1024 * 1024;
const KEPT_VIEWS = 4;
/** Constant time for a one-byte string, whatever its length. */
const NOT_LATIN1 = /[\u0100-\uffff]/;
const EMPTY_BYTES = Buffer.alloc(0);

/**
 * The place of a record, and how primitive values and bytes get there. Methods take the position
 * `p` and return the one behind what they wrote; "with a margin" means that MARGIN bytes fit at p.
 */
class RecordWriter {
  constructor() {
    /** @type {any} the Buffer where the record is: what place() was given, or the private one */
    this.bytes = EMPTY_BYTES;
    this.start = 0;
    this.limit = 0;
    /** limit - MARGIN */
    this.safe = 0;
    /** @type {Array<number | Uint8Array> | null} */
    this.segments = null;
    this.segmentBytes = 0;
    /** @type {Buffer | null} */
    this.privateBytes = null;
    /** @type {DataView | null} over `bytes`, made for the first float */
    this.view = null;
    /** @type {Array<Buffer | null>} the buffers whose views are kept */
    this.viewed = new Array(KEPT_VIEWS).fill(null);
    /** @type {Array<DataView | null>} */
    this.views = new Array(KEPT_VIEWS).fill(null);
    this.nextView = 0;
  }

  /**
   * @param {Buffer} bytes
   * @param {number} position
   * @param {number} limit
   */
  place(bytes, position, limit) {
    if (this.bytes !== bytes) {
      this.bytes = bytes;
      this.view = null;
    }
    this.start = position;
    this.limit = limit;
    this.safe = limit - MARGIN;
    this.segments = null;
    this.segmentBytes = 0;
  }

  /** Let go of all buffers, except for a private one of at most 1 MiB. */
  leave() {
    this.segments = null;
    this.viewed.fill(null);
    this.views.fill(null);
    this.view = null;
    if (this.privateBytes !== null && this.privateBytes.length > KEPT_PRIVATE_BYTES)
      this.privateBytes = null;
    this.bytes = EMPTY_BYTES;
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

  /** @param {number} p */
  roomForOne(p) {
    return p > this.safe ? this.makeRoom(p, MARGIN) : p;
  }

  /** Size of the record up to p, segments included. @param {number} p */
  sizeAt(p) {
    return p - this.start + this.segmentBytes;
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

  /** @param {number} value @param {number} p with a margin */
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
      this.nextView = (i + 1) % KEPT_VIEWS;
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

  /** What takes one byte and no more. @param {number} tag @param {number} p */
  writeTag(tag, p) {
    p = this.roomForOne(p);
    this.bytes[p] = tag;
    return p + 1;
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

  /** @param {string} text @param {number} p */
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

  /** @param {string} text @param {number} p */
  writeWideString(text, p) {
    const size = text.length * 2;
    if (p + size + 5 > this.limit) p = this.makeRoom(p, size + 5);
    this.bytes[p] = T.UTF16;
    p = this.writeUint32(size, p + 1);
    this.bytes.ucs2Write(text, p, size);
    return p + size;
  }

  /** @param {bigint} value @param {number} p */
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

  /**
   * Raw bytes, after a margin: copied, or left out as a segment.
   * @param {Uint8Array} source
   * @param {number} p
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

  /** @param {Uint8Array} source @param {number} p */
  writeSegment(source, p) {
    if (this.bytes !== this.privateBytes) p = this.makeRoom(p, MARGIN);
    this.segments ??= [];
    this.segments.push(p - this.start, source);
    this.segmentBytes += source.length;
    return p;
  }

  /** A getter may have shrunk or detached a buffer after its length was written. */
  checkSegments() {
    let total = 0;
    for (const segment of this.segments ?? []) {
      if (typeof segment !== 'number') total += segment.length;
    }
    if (total !== this.segmentBytes)
      throw new Refusal('a buffer that changed its size while it was encoded');
  }
}

/**
 * The pieces of a record in order: its bytes, cut where a segment belongs.
 * @param {Buffer} encoded
 * @param {any[] | null} segments offset and bytes by turns, as the encoder left them
 * @returns {Uint8Array[]} views, not copies
 */
function slicesOf(encoded, segments) {
  if (!segments) return [encoded];
  const slices = [];
  let from = 0;
  for (let i = 0; i < segments.length; i += 2) {
    slices.push(encoded.subarray(from, segments[i]), segments[i + 1]);
    from = segments[i];
  }
  slices.push(encoded.subarray(from));
  return slices;
}

module.exports = { RecordWriter, slicesOf, MARGIN };
