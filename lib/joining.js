'use strict';

const native = require('./binding');
const { ConnectionAttempts } = require('./connection-attempts');
const { HandshakeError, TimeoutError, UnsupportedError, WorkerStartError } = require('./errors');
const { readToken, socketError } = require('./named-socket');

const STATUS = native.status;
const ANOTHER_USER = 'Worker runs as another user';
const REFUSALS = {
  [STATUS.EBUSY]: 'Worker has another host',
  [STATUS.ETOKEN]: 'Worker does not know the token of this host',
  [STATUS.EUSER]: ANOTHER_USER,
};

/** From a worker that listens at a named socket to a connection with it. */
class Joining {
  #options;
  #token;
  #onLink;
  #onFailure;
  #attempts;
  #timer;
  #isOver = false;

  /**
   * @param {any} options normalized
   * @param {object} about
   * @param {Buffer} [about.token] for a worker that was told it; default: what stands beside the socket
   * @param {(link: any) => void} about.onLink a connection, on which the worker has said nothing yet
   * @param {(error: Error) => void} about.onFailure there will be none; called once
   */
  constructor(options, { token, onLink, onFailure }) {
    this.#options = options;
    this.#token = token;
    this.#onLink = onLink;
    this.#onFailure = onFailure;
    this.#attempts = new ConnectionAttempts(
      options.connection,
      () => this.#attempt(),
      (error) => this.#fail(startErrorOf(error)),
    );
  }

  start() {
    const { connect } = this.#options.timeouts;
    if (connect > 0) {
      this.#timer = setTimeout(() => {
        const text = `Worker connect timeout after ${connect} ms`;
        this.#fail(new TimeoutError(text, { phase: 'connect', timeout: connect }));
      }, connect);
    }
    this.#attempts.start();
  }

  #attempt() {
    const { socketPath, transport } = this.#options;
    const ringBytes = transport === 'socket' ? 0 : native.ringBytes;
    const token = this.#token ?? readToken(socketPath);
    let link;
    try {
      link = native.connectLink(socketPath, token, ringBytes);
    } catch (error) {
      if (error.code === 'HWR_EUSER') return this.#fail(new HandshakeError(ANOTHER_USER));
      throw socketError(error, socketPath);
    }
    if (transport === 'shm' && link.reason !== '') {
      const text = `transport 'shm' is not available: ${link.reason}`;
      return this.#fail(new UnsupportedError(text));
    }
    return this.#onLink(link);
  }

  /**
   * The worker has ended the connection before it was open. It may not have noticed yet that its last
   * host is gone, or have written a new token since we read it.
   * @param {number} status
   */
  refused(status) {
    if (this.#isOver) return;
    const text = REFUSALS[status];
    this.#attempts.failed(text ? new HandshakeError(text) : new Error('the connection was closed'));
  }

  #fail(error) {
    if (this.#isOver) return;
    this.stop();
    this.#onFailure(error);
  }

  /** The worker has taken the connection, or nobody wants it any more. */
  stop() {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#attempts.stop();
  }
}

function startErrorOf(error) {
  const { cause } = error;
  if (error instanceof TypeError || cause === undefined) return error; // the user's own function
  const Class = cause instanceof HandshakeError ? HandshakeError : WorkerStartError;
  return new Class(`Worker: ${error.message}`, { cause });
}

module.exports = { Joining };
