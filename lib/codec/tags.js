'use strict';

/**
 * The structured encoding, docs/protocol.md P9.4 to P10.3. A record is one byte (1: the record holds
 * references, 0: it does not) and one value; a value is a tag byte and what the tag calls for.
 * Numbers are little endian.
 *
 *   00-2F  see below                  C0-DF  object of shape 0-31
 *   30-3F  array of 0-15, extended    E0-EF  array of 0-15 elements
 *   40-7F  integer 0-63               F0-FF  object of 0-15 keys, inline
 *   80-BF  Latin-1 string of 0-63 characters
 *
 * An extended array holds its elements up to REST, then a u32 count of pairs (index or key, value)
 * for what is not dense; every extended array has a REST. In a record with references every object
 * is numbered in the order in which it was met, parents before children.
 */
module.exports = {
  UNDEFINED: 0x00,
  NULL: 0x01,
  FALSE: 0x02,
  TRUE: 0x03,
  /** In place of a property's value: the property vanished while the object was encoded. */
  GONE: 0x04,
  INT32: 0x05,
  FLOAT64: 0x06,
  /** u32 length, Latin-1 */
  LATIN1: 0x07,
  /** u32 length in bytes, UTF-16 */
  UTF16: 0x08,
  /** u32 number of the object */
  REFERENCE: 0x09,
  /** u8 id */
  SHAPE: 0x0a,
  /** u32 length, elements */
  ARRAY: 0x0b,
  ARRAY_EXTENDED: 0x0c,
  REST: 0x0d,
  /** u32 count, then key and value in turn */
  OBJECT: 0x0e,
  /** f64 */
  DATE: 0x0f,
  /** source, flags */
  REGEXP: 0x10,
  /** u8 sign, u32 length, magnitude with the most significant byte first */
  BIGINT: 0x11,
  /** u32 count, then keys and values in turn */
  MAP: 0x12,
  SET: 0x13,
  /** a primitive */
  BOXED: 0x14,
  /** u32 length, bytes */
  BUFFER: 0x15,
  ARRAY_BUFFER: 0x16,
  /** f64 maxByteLength, u32 length, bytes */
  RESIZABLE_BUFFER: 0x17,
  /** u8 kind, u8 tracks the length, f64 offset, f64 length in elements, the ArrayBuffer */
  VIEW: 0x18,
  /**
   * class, name, message, stack (each a string or UNDEFINED), then pairs of a key and a value up
   * to END; the keys 'cause' and 'errors' stand for those fields
   */
  ERROR: 0x19,
  END: 0x1a,

  ARRAY_EXTENDED_SHORT: 0x30,
  INTEGER: 0x40,
  STRING: 0x80,
  SHAPE_SHORT: 0xc0,
  ARRAY_SHORT: 0xe0,
  OBJECT_SHORT: 0xf0,

  /** Constructors of a VIEW by kind; a later Node may have more than this one. */
  VIEW_KINDS: [
    'DataView',
    'Int8Array',
    'Uint8Array',
    'Uint8ClampedArray',
    'Int16Array',
    'Uint16Array',
    'Int32Array',
    'Uint32Array',
    'Float32Array',
    'Float64Array',
    'BigInt64Array',
    'BigUint64Array',
    'Float16Array',
    'Buffer',
  ],

  /** A shape's definition is `u16 id, u8 number of keys, keys`; these bounds hold on both sides. */
  MAX_SHAPES: 256,
  MAX_SHAPE_KEYS: 64,
  MAX_DEFINITION_BYTES: 4096,

  /** What the maxByteLengths of one record may add up to: address space, reserved on decoding. */
  MAX_RESERVED_BYTES: 2 ** 30,
  MAX_RESIZABLE_BUFFERS: 256,
};
