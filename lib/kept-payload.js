'use strict';

const { createCodec } = require('./codec');
const { slicesOf } = require('./codec/record-writer');
const { TooLargeError } = require('./errors');
const { sumOf } = require('./records');

const NOWHERE = Buffer.alloc(0);
const NOTHING = { codecId: 0, slices: [], bytes: 0 };

/**
 * @typedef {object} KeptPayload
 * @property {number} codecId of the record
 * @property {Buffer[]} slices its bytes, nobody else's
 * @property {number} bytes of all slices
 */

/** Encodes payloads that outlive a connection: whole, as they were at the call, for any worker. */
class PayloadKeeper {
  #codec;
  #maxMessageBytes;

  /** @param {any} serializer @param {number} maxMessageBytes */
  constructor(serializer, maxMessageBytes) {
    this.#codec = createCodec(serializer, { shapes: false });
    this.#maxMessageBytes = maxMessageBytes;
  }

  /**
   * @param {unknown} value
   * @returns {KeptPayload}
   * @throws {import('./errors').SerializationError | TooLargeError}
   */
  keep(value) {
    if (value === undefined) return NOTHING;
    const own = this.#codec.encoder;
    const encoder = own.busy ? this.#codec.nestedEncoder() : own; // a getter sends
    const slices = this.#slices(encoder, value);
    const bytes = sumOf(slices);
    if (bytes <= this.#maxMessageBytes) return { codecId: encoder.codecId, slices, bytes };
    const text = `a message of ${bytes} bytes is over maxMessageBytes (${this.#maxMessageBytes})`;
    throw new TooLargeError(text);
  }

  /** The record, its parts copied: segments are the user's, the rest is the encoder's. */
  #slices(encoder, value) {
    try {
      const end = encoder.encode(NOWHERE, 0, 0, value);
      const record = encoder.bytes.subarray(encoder.start, end);
      return slicesOf(record, encoder.segments).map((slice) => Buffer.from(slice));
    } finally {
      encoder.takeDefinitions();
      encoder.release();
    }
  }
}

module.exports = { PayloadKeeper };
