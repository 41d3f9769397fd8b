'use strict';

const { Readable } = require('node:stream');
const { StreamReader } = require('./stream-reader');
const { OBJECTS_WINDOW_BYTES } = require('./stream-pipe');

const WINDOW_ITEMS = 1024;
/** What may come and be unread of a stream of items. */
const ITEMS = { bytes: OBJECTS_WINDOW_BYTES, messages: WINDOW_ITEMS };

/** What the peer sends on a stream, of which this end only reads. */
class ItemStream extends Readable {
  /** @type {StreamReader | null} */
  #reader = null;

  constructor() {
    super({ objectMode: true, highWaterMark: WINDOW_ITEMS });
  }

  /**
   * @param {import('./stream-end').StreamEnd} end open, or accepted
   * @param {typeof StreamReader} [Reader]
   */
  readFrom(end, Reader = StreamReader) {
    this.#reader = new Reader(this, end);
    end.end();
    if (this.destroyed) this.#reader.destroy(this.errored);
  }

  _read() {}

  read(size) {
    const chunk = super.read(size);
    this.#reader?.onRead();
    return chunk;
  }

  onEnd() {
    this.push(null);
  }

  onWritable() {}

  /** Whether the user listens to its errors. */
  get isHeard() {
    return this.listenerCount('error') > 0;
  }

  _destroy(error, callback) {
    this.#reader?.destroy(error);
    callback(error);
  }
}

module.exports = { ItemStream, ITEMS };
