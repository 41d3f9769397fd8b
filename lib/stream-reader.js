'use strict';

const { AsyncResource } = require('node:async_hooks');
const { throwLater } = require('./channel');
const { StreamOwner } = require('./stream-owner');

/**
 * The reading half of a Node stream over a StreamEnd. The stream calls onRead() whenever something
 * was taken out of it, for credit returns as it is read; its own _read() has nothing to do, for what
 * has come is pushed at once: the window bounds it.
 */
class StreamReader extends StreamOwner {
  #end;
  #resource = new AsyncResource('HAWSER_PIPE', { requireManualDestroy: true });
  #isEnded = false; // by the peer
  #isLost = false; // what has come is still read, then the stream is destroyed
  /** @type {Error | undefined} with this */
  #loss;

  /**
   * @param {any} stream a Readable, with isHeard, whether anybody listens to its errors, onWritable(),
   *   and where it can be written to isBlocked, whether a write waits for room
   * @param {import('./stream-end').StreamEnd} end
   */
  constructor(stream, end) {
    super();
    this.stream = stream;
    this.#end = end;
    end.adopt(this);
  }

  // ---------------------------------------------------------------- of the StreamEnd

  /** @param {any[]} chunks */
  onChunks(chunks) {
    this.#resource.runInAsyncScope(this.#pushAll, this, chunks);
  }

  /** What a listener throws is not to lose what comes behind. */
  #pushAll(chunks) {
    const { stream } = this;
    for (const chunk of chunks) {
      try {
        stream.push(chunk);
      } catch (error) {
        throwLater(error);
      }
    }
    this.onRead();
  }

  onEnd() {
    this.#isEnded = true;
    this.#resource.runInAsyncScope(this.stream.onEnd, this.stream);
  }

  /** @param {Error | null} error */
  onReset(error) {
    this.#destroyStream(error ?? undefined);
  }

  /** @param {Error} error */
  onUnreadable(error) {
    this.#destroyStream(error);
  }

  onWritable() {
    this.#resource.runInAsyncScope(this.stream.onWritable, this.stream);
  }

  /**
   * Who reads gets all that had come first, unless a write waits: whoever reads may be waiting for
   * that. What was asked for is told to those who listen, and is no reason to end the process.
   * @param {Error} error
   * @param {boolean} isAsked
   */
  onLost(error, isAsked) {
    const { stream } = this;
    const loss = isAsked && !stream.isHeard ? undefined : error;
    this.#isLost = true;
    this.#loss = loss;
    if (stream.readableFlowing === null || stream.isBlocked) this.#destroyStream(loss);
    else if (this.#isEnded && !stream.readableEnded) stream.once('end', () => stream.destroy(loss));
    else if (stream.readableLength === 0) this.#destroyStream(loss);
  }

  /** Its listeners hear of it in the context in which it was opened. @param {Error} [error] */
  #destroyStream(error) {
    this.#resource.runInAsyncScope(this.stream.destroy, this.stream, error);
  }

  // ---------------------------------------------------------------- of the stream

  /** Something may have been read. */
  onRead() {
    const unread = this.stream.readableLength;
    this.#end.keepUnread(unread);
    if (unread === 0 && this.#isLost && !this.#isEnded)
      process.nextTick(() => this.#destroyStream(this.#loss));
  }

  /** A write waits for room. */
  onBlocked() {
    if (this.#isLost) this.#destroyStream(this.#loss);
  }

  /** More is asked for than its window holds, so that nothing would be read, and nothing granted. */
  onStarved() {
    this.#end.keepUnread(0);
    this.onRead();
  }

  /** Whether all has come, and somebody is about to read the rest. */
  get isFinishing() {
    const { stream } = this;
    if (stream.destroyed) return false;
    const isRead = this.#isEnded && !stream.readableEnded && stream.readableFlowing !== null;
    return isRead || (stream.writableEnded === true && !stream.writableFinished);
  }

  /** The stream is destroyed. @param {unknown} error the peer is told, unless all is over */
  destroy(error) {
    this.#end.reset(error);
    this.#end.release(this);
    this.#resource.emitDestroy();
  }
}

module.exports = { StreamReader };
