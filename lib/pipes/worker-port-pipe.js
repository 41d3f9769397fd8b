'use strict';

const { MessagePort } = require('node:worker_threads');
const { deserializeError } = require('../error-values');
const { HandshakeError, HawserError, ProtocolError, WorkerClosedError } = require('../errors');
const { Pipe, destroyedError } = require('../pipe');
const messages = require('./port-messages');
const { PortWriter } = require('./port-writer');
const { ReceiveWindow } = require('./receive-window');

/** A Pipe over a MessagePort, or over what posts and takes messages as one does: a Worker. */
class WorkerPortPipe extends Pipe {
  /** Owned where it can be closed: closed with the pipe. */
  #port;
  /** @type {PortWriter} */
  #writer;
  /** @type {ReceiveWindow} */
  #window;
  /** @type {[event: string, listener: (value?: any) => void][]} on the port, gone with the pipe */
  #listeners;
  /** The peer knows that we speak hawser: it says nothing in the old way any more. */
  #isKnown = false;
  /** A peer that grants nothing was told to pause. */
  #hasPaused = false;
  #hasEnded = false;
  #peerHasEnded = false;
  /** @type {Error | null | undefined} what to be destroyed with when all is read; null: no error */
  #fate;

  /**
   * @param {any} port
   * @param {import('../pipe-options').PipeOptions} options
   */
  constructor(port, options) {
    super('port', options);
    this.#port = port;
    this.#writer = new PortWriter((message, list) => port.postMessage(message, list), options);
    this.#window = new ReceiveWindow(options.highWaterMark);
    const closed = () => this.#onClosed();
    this.#listeners = [
      ['message', (message) => this.#onMessage(message)],
      ['messageerror', () => this.destroy(new HawserError('MessagePort error'))],
      ['close', closed],
      ['exit', closed], // of a Worker
    ];
    for (const [event, listener] of this.#listeners) port.on(event, listener);
    if (isGone(port)) process.nextTick(closed);
    this.#grant(false);
    this.heed(options.signal);
  }

  _read() {
    this.#makeRoom(false);
  }

  /** @param {number} [size] */
  read(size) {
    const chunk = super.read(size);
    this.#makeRoom(chunk === null && size !== 0);
    return chunk;
  }

  _write(chunk, encoding, callback) {
    this.#writer.write([chunk], callback);
  }

  _writev(entries, callback) {
    this.#writer.write(
      entries.map(({ chunk }) => chunk),
      callback,
    );
  }

  _final(callback) {
    if (this.#fate !== undefined) return; // nobody is there: it will be destroyed
    this.#hasEnded = true;
    this.#port.postMessage(messages.END);
    callback();
  }

  _destroy(error, callback) {
    for (const [event, listener] of this.#listeners) this.#port.removeListener(event, listener);
    const waiting = this.#writer.close();
    const isOver = this.#hasEnded && this.#peerHasEnded;
    if (!isOver) this.#abort(error);
    this.#port.close?.();
    callback(error);
    // After 'close', so that it is not this which finished() and pipeline() report.
    if (waiting !== undefined) process.nextTick(waiting, error ?? destroyedError());
  }

  #abort(error) {
    try {
      this.#port.postMessage(messages.abortMessage(error));
    } catch {
      this.#port.postMessage(messages.bareAbortMessage(error));
    }
  }

  /** Tell the peer how far it may write. @param {boolean} seen */
  #grant(seen) {
    const { granted: limit } = this.#window;
    const { readableObjectMode: objectMode } = this;
    this.#port.postMessage(messages.grantMessage({ objectMode, limit, seen }));
  }

  /** The reader has read. @param {boolean} starves it asked for more than there is */
  #makeRoom(starves) {
    const unread = this.readableLength;
    if (this.#fate !== undefined) this.#meetFate(unread);
    if (this.#peerHasEnded || this.destroyed) return;
    const isHungry = starves && unread > 0;
    if (this.#hasPaused) {
      if (isHungry || unread * 2 <= this.readableHighWaterMark) this.#resume();
    } else if (this.#writer.speech === 'hawser') {
      const limit = this.#window.advance(unread, this.readableHighWaterMark, isHungry);
      if (limit !== undefined) this.#grant(true);
    }
  }

  #resume() {
    this.#hasPaused = false;
    this.#port.postMessage(messages.RESUME);
  }

  #onMessage(message) {
    const word = messages.wordOf(message);
    const addition = word === 'raw' ? null : messages.additionOf(message);
    if (word === 'resume' && addition !== null) this.#onAddition(addition);
    else if (word === 'end') this.#onEnd();
    else if (word === 'pause' || word === 'resume') this.#writer.hear(word);
    else if (addition?.batch === true && this.#writer.speech === 'hawser')
      this.#onBatch(message.payload, addition.buffers);
    else this.#onValue(word === 'data' ? payloadOf(message, addition) : message);
  }

  #onAddition(addition) {
    if (addition.abort === true) return this.#onAbort(addition.error);
    if (!messages.isGrant(addition)) return this.#writer.hear('resume');
    const { version, objectMode, limit, seen } = addition;
    if (version !== messages.VERSION || objectMode !== this.readableObjectMode)
      return this.destroy(misfit(addition, this.readableObjectMode));
    this.#hasPaused = false; // from now on it goes by grants
    if (seen === true) this.#isKnown = true;
    else this.#grant(true); // before any batch, which it could not read otherwise
    this.#writer.grant(limit);
    this.#makeRoom(false);
  }

  #onAbort(error) {
    if (typeof error === 'object' && error !== null) this.destroy(deserializeError(error));
    else if (this.#peerHasEnded) this.#closeWhenRead(null);
    else this.destroy();
  }

  #onEnd() {
    if (this.#writer.speech === 'unknown') this.#writer.hear('end');
    if (this.#peerHasEnded) return;
    this.#peerHasEnded = true;
    this.push(null);
  }

  /** What a peer sends that knows what was granted. */
  #onBatch(payload, buffers) {
    if (this.#peerHasEnded) return this.#refuse('data after its end');
    if (this.readableObjectMode !== Array.isArray(payload) || !isBatch(payload))
      return this.#refuse('a payload that is neither values nor bytes');
    if (!this.#window.arrive(payload.length)) return this.#refuse('more than was granted');
    if (!this.readableObjectMode) this.push(messages.asBuffer(/** @type {Uint8Array} */ (payload)));
    else this.#pushAll(payload, buffers);
    this.#makeRoom(false);
  }

  #pushAll(values, buffers) {
    messages.restoreBuffers(values, buffers);
    if (values.includes(null)) return this.#refuse('null, which is no value of a stream');
    for (let i = 0; i < values.length && !this.destroyed; i++) this.push(values[i]);
  }

  /** What an older peer sends, or one that has not heard of us yet. */
  #onValue(payload) {
    if (this.#writer.speech === 'unknown') this.#writer.hear('raw');
    if (this.#peerHasEnded) return; // an older peer may send late what it kept while it was paused
    if (this.#isKnown) return this.#refuse('data in the old way');
    if (payload === null) return this.#refuse('null, which is no value of a stream');
    const value = this.readableObjectMode ? payload : bytesOf(payload);
    this.#window.arrive(this.readableObjectMode ? 1 : (value?.length ?? 0));
    const hasRoom = this.push(value);
    if (hasRoom || this.#hasPaused || this.#writer.speech === 'hawser') return;
    this.#hasPaused = true;
    this.#port.postMessage(messages.PAUSE);
  }

  /** @param {string} what that the peer has sent */
  #refuse(what) {
    this.destroy(new ProtocolError(`the other end of the port sent ${what}`, { rule: 'port' }));
  }

  /** What has arrived is read first. */
  #onClosed() {
    if (this.destroyed || this.#fate !== undefined) return;
    const text = 'Worker pipe: its port was closed before the other end had ended';
    this.#closeWhenRead(this.#peerHasEnded ? null : new WorkerClosedError(text));
  }

  #closeWhenRead(fate) {
    if (this.#hasEnded && this.#peerHasEnded) return; // it is destroyed of itself when all is read
    this.#fate = fate;
    this.once('end', () => this.#meetFate(0));
    this.#meetFate(this.readableLength);
  }

  #meetFate(unread) {
    if (unread > 0 || (this.#peerHasEnded && !this.readableEnded)) return;
    process.nextTick(() => this.destroy(this.#fate ?? undefined));
  }
}

/**
 * It will not say so again. A port that is listened at has a reference, unless it is closed.
 * @param {any} port
 */
function isGone(port) {
  const isWorker = !(port instanceof MessagePort);
  return isWorker ? port.threadId === -1 : /** @type {any} */ (port).hasRef() === false;
}

/** @param {any} payload */
function isBatch(payload) {
  return Array.isArray(payload) || payload instanceof Uint8Array;
}

/** Of a message that any peer may send. */
function payloadOf({ payload }, addition) {
  const isBuffer = addition?.isBuffer === true && payload instanceof Uint8Array;
  return isBuffer ? messages.asBuffer(payload) : payload;
}

/** What is bytes but no Uint8Array. @param {any} payload */
function bytesOf(payload) {
  if (payload instanceof ArrayBuffer) return Buffer.from(payload);
  if (typeof payload === 'string') return Buffer.from(payload);
  if (payload instanceof Uint8Array) return messages.asBuffer(payload);
  return payload; // refused by push()
}

function misfit({ version, objectMode }, own) {
  if (version !== messages.VERSION)
    return new HandshakeError(`the other end of the port speaks version ${version} of the pipes`);
  const modes = [own, objectMode].map((isObject) => (isObject ? 'object mode' : 'byte mode'));
  return new HandshakeError(`the pipe is in ${modes[0]}, its other end in ${modes[1]}`);
}

module.exports = { WorkerPortPipe };
