'use strict';

const { OverloadedError } = require('./errors');
const { Pipe } = require('./pipe');
const { StreamReader } = require('./stream-reader');

const LEAST_WINDOW_BYTES = 4096;
const OBJECTS_WINDOW_BYTES = 1024 * 1024;

/** A pipe over a stream of a channel. */
class StreamPipe extends Pipe {
  /** @type {any} a StreamEnd, from when it is open */
  #end = null;
  /** @type {StreamReader | null} likewise */
  #reader = null;
  #open;
  #windows;
  /** @type {{ goOn: () => void, callback: (error?: Error | null) => void } | null} waits for room */
  #blocked = null;
  #isAccepted = false;

  /**
   * @param {string} name
   * @param {import('./pipe-options').PipeOptions} options
   * @param {(windows: import('./stream-end').Windows) => import('./stream-end').StreamEnd | null} open
   *   called once, in the next tick; null: too many are open; may throw
   */
  constructor(name, options, open) {
    super(name, options);
    this.#open = open;
    this.#windows = windowsOf(options);
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
    const pipe = new StreamPipe(end.name, options, () => end);
    pipe.#isAccepted = true;
    pipe.on('error', (error) => {
      if (!pipe.isHeard) log.error(`pipe '${end.name}' has failed`, error);
    });
    pipe.#adopt(end);
    end.accept(pipe.#windows);
    return pipe;
  }

  /** Not at once: it may be that a value is being encoded. */
  _construct(callback) {
    try {
      if (this.#end === null) this.#adopt(this.#opened());
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  }

  #opened() {
    const end = this.#open(this.#windows);
    if (end === null) throw new OverloadedError('too many pipes are open');
    return end;
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
      for (; i < chunks.length && !end.isBehind; i++, at = 0) {
        const { chunk } = chunks[i];
        if (end.isOfMessages) {
          end.send(chunk);
          continue;
        }
        at = end.write(chunk, at);
        if (at < chunk.length) break;
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
    this.#reader?.onRead();
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

function destroyedError() {
  const error = new Error('the pipe was destroyed before all was written');
  return Object.assign(error, { code: 'ERR_STREAM_DESTROYED' });
}

module.exports = { StreamPipe, OBJECTS_WINDOW_BYTES };
