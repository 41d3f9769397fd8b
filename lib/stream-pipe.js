'use strict';

const { OverloadedError } = require('./errors');
const { Pipe, destroyedError } = require('./pipe');
const { StreamReader } = require('./stream-reader');

const LEAST_WINDOW_BYTES = 4096;
const OBJECTS_WINDOW_BYTES = 1024 * 1024;

/**
 * @typedef {(windows: import('./stream-end').Windows) =>
 *   import('./stream-end').StreamEnd | null | undefined} Open as Streams.open; may throw
 */

/** A pipe over a stream of a channel. */
class StreamPipe extends Pipe {
  /** @type {any} a StreamEnd, from when it is open */
  #end = null;
  /** @type {StreamReader | null} likewise */
  #reader = null;
  #windows;
  /** @type {Open | null} until it is open */
  #open = null;
  /** @type {{ goOn: () => void, callback: (error?: Error | null) => void } | null} waits for room */
  #blocked = null;
  #isAccepted = false;
  /** @type {unknown} why it could not be opened */
  #failure;

  /**
   * @param {string} name
   * @param {import('./pipe-options').PipeOptions} options
   * @param {Open | null} open called until it gives something; null: adopt() follows
   */
  constructor(name, options, open) {
    super(name, options);
    this.#windows = windowsOf(options);
    this.#open = open;
    if (!options.signal?.aborted) this.#tryToOpen();
    this.heed(options.signal);
  }

  /**
   * The end of what the peer has opened. Where nobody listens to its errors they are noted:
   * nobody here has asked for it, so it is not to end the process.
   * @param {import('./stream-end').StreamEnd} end
   * @param {import('./pipe-options').PipeOptions} options
   * @param {{ error: (what: string, detail?: unknown) => void }} log
   */
  static accept(end, options, log) {
    const pipe = new StreamPipe(end.name, options, null);
    pipe.#isAccepted = true;
    pipe.on('error', (error) => {
      if (!pipe.isHeard) log.error(`pipe '${end.name}' has failed`, error);
    });
    pipe.#adopt(end);
    end.accept(pipe.#windows);
    return pipe;
  }

  _construct(callback) {
    this.#tryToOpen();
    callback(this.#failure);
  }

  #tryToOpen() {
    if (this.#open === null || this.destroyed) return;
    try {
      const end = this.#open(this.#windows);
      if (end === undefined) return;
      this.#open = null;
      if (end === null) throw new OverloadedError('too many pipes are open');
      this.#adopt(end);
    } catch (error) {
      this.#open = null;
      this.#failure = error;
    }
  }

  #adopt(end) {
    this.#end = end;
    this.#reader = new StreamReader(this, end);
  }

  // ---------------------------------------------------------------- sending

  _write(chunk, encoding, callback) {
    this.#send([{ chunk }], 0, 0, callback);
  }

  /** As many at once as there is room for. */
  _writev(chunks, callback) {
    this.#send(chunks, 0, 0, callback);
  }

  /** From chunk `i` on, of a chunk of bytes from byte `at` on. */
  #send(chunks, i, at, callback) {
    const end = this.#end;
    try {
      while (i < chunks.length && !end.isBehind) {
        const { chunk } = chunks[i];
        if (end.isOfMessages) end.send(chunk);
        else if ((at = end.write(chunk, at)) < chunk.length) continue;
        i++;
        at = 0;
      }
    } catch (error) {
      callback(error);
      return;
    }
    if (i === chunks.length) callback();
    else this.#wait(() => this.#send(chunks, i, at, callback), callback);
  }

  /** For room in its lane. */
  #wait(goOn, callback) {
    this.#blocked = { goOn, callback };
    this.#reader?.onBlocked();
  }

  get isBlocked() {
    return this.#blocked !== null;
  }

  _final(callback) {
    if (this.#end.isBehind) {
      this.#wait(() => this._final(callback), callback);
      return;
    }
    this.#end.end();
    callback();
  }

  onWritable() {
    const blocked = this.#blocked;
    if (blocked === null || this.#end.isBehind) return;
    this.#blocked = null;
    blocked.goOn();
  }

  // ---------------------------------------------------------------- receiving

  _read() {}

  read(size) {
    const chunk = super.read(size);
    if (chunk === null && size > this.readableLength) this.#reader?.onStarved();
    else this.#reader?.onRead();
    return chunk;
  }

  onEnd() {
    this.push(null);
  }

  /** Whether the user listens to its errors. */
  get isHeard() {
    return this.listenerCount('error') > (this.#isAccepted ? 1 : 0);
  }

  _destroy(error, callback) {
    this.#reader?.destroy(error);
    callback(error);
    const blocked = this.#blocked;
    this.#blocked = null;
    if (blocked !== null) process.nextTick(blocked.callback, error ?? destroyedError());
  }
}

/** What may come and be unread. */
function windowsOf({ objectMode, highWaterMark }) {
  if (objectMode) return { bytes: OBJECTS_WINDOW_BYTES, messages: highWaterMark };
  return { bytes: Math.max(highWaterMark, LEAST_WINDOW_BYTES), messages: 0 };
}

module.exports = { StreamPipe, OBJECTS_WINDOW_BYTES };
