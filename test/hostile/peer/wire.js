'use strict';

/** Frames made by hand (docs/protocol.md P2, P3), apart from what the product makes them with. */

const { encodeStart } = require('../../../lib/start-frames');

const HEADER_BYTES = 16;
const ALIGN = 8;
const TYPE = {
  HELLO: 1,
  INIT: 2,
  METHODS: 3,
  READY: 4,
  DEFINE: 5,
  REQUEST: 6,
  RESPONSE: 7,
  ERROR: 8,
  OPEN: 12,
  DATA: 13,
  END: 14,
  RESET: 15,
  CREDIT: 16,
  PING: 17,
  PONG: 18,
  GOAWAY: 19,
  PAD: 20,
};
const FLAG = { MORE: 0x08, EXT: 0x10, ONEWAY: 0x20 };
const CODEC = { structured: 1, json: 2, v8: 4 };
const ROLE = { host: 1, worker: 2 };
const MAGIC = 0x52575748;
const NOTHING = Buffer.alloc(0);

const alignUp = (bytes) => Math.ceil(bytes / ALIGN) * ALIGN;

/** A header alone; `length` is what it claims. */
function header(type, { flags = 0, method = 0, slot = 0, generation = 0, length = 0 } = {}) {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt32LE(length, 0);
  bytes[4] = type;
  bytes[5] = flags;
  bytes.writeUInt16LE(method, 6);
  bytes.writeUInt32LE(slot, 8);
  bytes.writeUInt32LE(generation, 12);
  return bytes;
}

/** A whole frame with its padding. */
function frame(type, fields = {}, body = NOTHING) {
  const whole = Buffer.alloc(alignUp(HEADER_BYTES + body.length));
  header(type, { length: body.length, ...fields }).copy(whole);
  body.copy(whole, HEADER_BYTES);
  return whole;
}

function hello(fields = {}) {
  const {
    magic = MAGIC,
    version = 1,
    role = ROLE.worker,
    maxMessageBytes = 64 * 1024 * 1024,
    bytes = 1n << 20n,
    messages = 65_536n,
    size = 48,
  } = fields;
  const body = Buffer.alloc(Math.max(size, 48));
  body.writeUInt32LE(magic, 0);
  body.writeUInt16LE(version, 4);
  body.writeUInt16LE(role, 6);
  body.writeUInt32LE(0xff, 24);
  body.writeUInt32LE(maxMessageBytes, 28);
  body.writeBigUInt64LE(bytes, 32);
  body.writeBigUInt64LE(messages, 40);
  return frame(TYPE.HELLO, {}, body.subarray(0, size));
}

function credit(bytes, messages, lane = 0) {
  const body = Buffer.alloc(16);
  body.writeBigUInt64LE(bytes, 0);
  body.writeBigUInt64LE(messages, 8);
  return frame(TYPE.CREDIT, { slot: lane }, body);
}

/** Of a stream, as the fields say, which this end opens (P11.3). */
function open(slot, { name = 'pipe', nameBytes = name.length, mode = 0, bytes = 65_536n } = {}) {
  const body = Buffer.alloc(20 + name.length);
  body.writeBigUInt64LE(bytes, 0);
  body.writeBigUInt64LE(16n, 8);
  body.writeUInt16LE(mode, 16);
  body.writeUInt16LE(nameBytes, 18);
  body.write(name, 20, 'latin1');
  return frame(TYPE.OPEN, { slot, generation: 1 }, body);
}

/** A frame of that stream. */
function ofStream(type, slot, body = NOTHING, flags = 0) {
  return frame(type, { slot, generation: 1, flags }, body);
}

/** An answer to a request that was received. */
function answer({ slot, generation }, body, flags = CODEC.structured) {
  return frame(TYPE.RESPONSE, { slot, generation, flags }, body);
}

/** Takes bytes in pieces, gives whole frames. */
class FrameReader {
  #bytes = NOTHING;

  push(piece) {
    this.#bytes = Buffer.concat([this.#bytes, piece]);
  }

  /** The next frame but padding, or undefined. */
  shift() {
    while (this.#bytes.length >= HEADER_BYTES) {
      const bytes = this.#bytes;
      const length = bytes.readUInt32LE(0);
      const stride = alignUp(HEADER_BYTES + length);
      if (bytes.length < stride) return undefined;
      this.#bytes = bytes.subarray(stride);
      if (bytes[4] !== TYPE.PAD) return frameAt(bytes, length);
    }
    return undefined;
  }
}

function frameAt(bytes, length) {
  return {
    type: bytes[4],
    flags: bytes[5],
    method: bytes.readUInt16LE(6),
    slot: bytes.readUInt32LE(8),
    generation: bytes.readUInt32LE(12),
    body: Buffer.from(bytes.subarray(HEADER_BYTES, HEADER_BYTES + length)),
  };
}

module.exports = {
  ...{ TYPE, FLAG, CODEC, ROLE, MAGIC },
  ...{ header, frame, hello, credit, open, ofStream, structured: encodeStart, answer, FrameReader },
};
