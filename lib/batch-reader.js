'use strict';

const native = require('./binding');
const { readName } = require('./event-names');

const AT = native.layout;
const EVENT_WORDS = 8;
const BULK = 0xffff; // of an event's sixth word: the rest is the size of its block

/** Reads the batch that C has filled in: events, by the place `at` in their table, and payloads. */
class BatchReader {
  #handle;
  #events = new Uint32Array(0);
  #inbox = Buffer.alloc(0);
  /** The worker follows the host's. */
  codec;

  constructor(codec) {
    this.codec = codec;
  }

  /** @param {any} handle the native channel */
  readFrom(handle) {
    this.#handle = handle;
    this.#events = new Uint32Array(handle.block, AT.events, AT.eventCount * EVENT_WORDS);
    this.#inbox = Buffer.from(handle.block, AT.inbox, AT.inboxBytes);
  }

  kind(at) {
    return this.#events[at];
  }

  slot(at) {
    return this.#events[at + 1];
  }

  generation(at) {
    return this.#events[at + 2];
  }

  flags(at) {
    return (this.#events[at + 3] >>> 8) & 0xff;
  }

  method(at) {
    return this.#events[at + 3] >>> 16;
  }

  value(at) {
    return this.#events[at + 7];
  }

  /** Its bytes read by `read(bytes, start, end, owned)`, valid until that returns. */
  readPayload(at, read) {
    const events = this.#events;
    const start = events[at + 4];
    const end = start + events[at + 5];
    const bulk = events[at + 6] & BULK;
    if (bulk === 0) return read(this.#inbox, start, end, false);
    return read(Buffer.from(native.takeBulk(this.#handle, bulk)), start, end, true);
  }

  /** The value that the event carries. Throws ProtocolError, or what a user's serializer throws. */
  payload(at) {
    const id = this.#codecId(at);
    if (this.#events[at + 6] === 0) {
      const start = this.#events[at + 4];
      return this.codec.decode(id, this.#inbox, start, start + this.#events[at + 5], false);
    }
    return this.readPayload(at, (bytes, start, end, owned) =>
      this.codec.decode(id, bytes, start, end, owned),
    );
  }

  /** An event's name, and what decodes its data: read(name, decode). Valid until that returns. */
  readEvent(at, read) {
    const id = this.#codecId(at);
    this.readPayload(at, (bytes, start, end, owned) => {
      const name = readName(bytes, start, this.value(at));
      read(name, () => this.codec.decode(id, bytes, start, end, owned));
    });
  }

  /** Whether the request has a tx or metadata of its own (P2.9, P2.10). */
  hasDetails(at) {
    return this.#events[at + 6] > BULK;
  }

  /** The block of such a request, a copy, and its value, both of them read at once. */
  detailed(at) {
    const id = this.#codecId(at);
    const size = this.#events[at + 6] >>> 16;
    return this.readPayload(at, (bytes, start, end, owned) => {
      const block = Buffer.from(bytes.subarray(start - size, start));
      return { block, value: this.codec.decode(id, bytes, start, end, owned) };
    });
  }

  #codecId(at) {
    return (this.#events[at + 3] >>> 8) & 7;
  }
}

module.exports = { BatchReader };
