'use strict';

const { Channel } = require('../channel');
const { createCodec } = require('../codec');
const { HandshakeError, ProtocolError, TimeoutError, WorkerCrashedError } = require('../errors');
const native = require('../binding');

const STATUS = native.status;
/** Of the calls that a connection with one pipe does not have. */
const FEW = { bytes: 64 * 1024, messages: 16 };
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** That may come before the pipe is open (P3.21): a HELLO, and an INIT or an ERROR. */
const START_BYTES = 128 * 1024;

/**
 * A connection that carries one pipe: a channel over a byte stream, from its start to the end of the
 * stream.
 *
 * The owner has onEvent(kind, at), of the start; onStream(end), when the peer opens a stream; and
 * onLost(error), once, when it is over before finish().
 */
class Connection {
  static START_BYTES = START_BYTES;

  #link;
  #owner;
  #timer;
  #isStarted = false;
  #isOver = false; // the owner hears nothing any more
  /** A Channel. */
  channel;

  /**
   * @param {any} link what carries it: a FedLink or a PairLink
   * @param {object} about
   * @param {number} about.role
   * @param {number} about.timeout milliseconds until started(), 0: none
   * @param {any} about.owner
   */
  constructor(link, { role, timeout, owner }) {
    this.#link = link;
    this.#owner = owner;
    if (timeout > 0) this.#timer = setTimeout(() => this.#onTimeout(timeout), timeout);
    this.channel = new Channel({
      open: (options, callbacks) => link.open(options, callbacks),
      options: {
        role,
        uuid: native.uuid(),
        maxMessageBytes: MAX_MESSAGE_BYTES,
        highWaterMark: FEW,
        spin: 0,
      },
      codec: createCodec('structured'),
      listener: this.#listener(),
    });
  }

  #listener() {
    const text = 'the other end made a call on a pipe';
    const unwanted = () => this.fail(new ProtocolError(text, { rule: 'P3.20' }));
    const ignored = () => {};
    return {
      onOpen: ignored,
      onEvent: (kind, at) => void (this.#isOver || this.#owner.onEvent(kind, at)),
      onRequest: unwanted,
      onCancel: ignored,
      onAnswer: ignored,
      onLate: ignored,
      onProgress: ignored,
      onEmitted: ignored,
      onDrain: ignored,
      onStream: (end) => this.#onStream(end),
      onEnd: (code, rule) => this.#onEnd(code, rule),
      onProtocolError: (error) => this.fail(error),
    };
  }

  #onStream(end) {
    if (this.#isOver) end.reset(null);
    else this.#owner.onStream(end);
  }

  #onTimeout(timeout) {
    const text = `the pipe was not open within ${timeout} ms`;
    this.fail(new TimeoutError(text, { phase: 'connect', timeout }));
  }

  /** The start is over: it may take its time, and as many bytes as it has credit for. */
  started() {
    this.#isStarted = true;
    clearTimeout(this.#timer);
    this.#link.unlimit();
  }

  /** More has come than a start needs. */
  onExcess() {
    if (this.#isOver)
      this.#link.destroy(); // it was refused
    else this.fail(new ProtocolError('the start of a pipe is too long', { rule: 'P3.21' }));
  }

  /** End it now, for this reason. @param {Error} error */
  fail(error) {
    if (this.#isOver) return;
    this.#end();
    this.#link.destroy();
    this.channel.endStreams(error, false);
    this.channel.close();
    this.#owner.onLost(error);
  }

  #end() {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  /** End it behind all that was sent (P3.22). */
  finish() {
    if (this.#isOver) return;
    this.#end();
    this.channel.flush();
    this.#link.finish();
  }

  /** End it now; nobody hears of it. */
  drop() {
    if (this.#isOver) return;
    this.#end();
    this.#link.destroy();
    this.channel.close();
  }

  /** What the stream gave is over, and delivered; or the session has failed. */
  #onEnd(code, rule) {
    if (!this.#isOver) {
      this.fail(this.#errorOf(code, rule));
      return;
    }
    if (code === 0) this.#link.finish();
    else this.#link.destroy();
    this.channel.close();
  }

  #errorOf(code, rule) {
    if (code === STATUS.EVERSION) {
      const text = `the other end speaks version ${this.channel.peerVersion} of the protocol, this one version ${native.protocolVersion}`;
      return new HandshakeError(text);
    }
    if (code !== 0 && code !== STATUS.ETRUNCATED) {
      const text = `the other end of the pipe broke the protocol${rule ? ` (${rule})` : ''}`;
      return new ProtocolError(text, { rule, status: code });
    }
    return this.#isStarted ? goneError(this.#link.error) : this.#unstartedError();
  }

  #unstartedError() {
    const text = 'the other end closed the connection before the pipe was open';
    return this.#link.error ?? new HandshakeError(text);
  }
}

/** @param {any} cause of the stream, or null: it just ended */
function goneError(cause) {
  const how = cause === null ? 'its connection ended' : (cause.code ?? cause.message);
  const reason = cause === null ? { type: 'close' } : { type: 'close', error: cause };
  const text = `Worker at the other end of the pipe is gone (${how})`;
  return new WorkerCrashedError(text, cause === null ? { reason } : { reason, cause });
}

module.exports = { Connection };
