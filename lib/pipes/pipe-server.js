'use strict';

const { once } = require('node:events');
const tls = require('node:tls');
const { pipeOptions } = require('../pipe-options');
const { StreamPipe } = require('../stream-pipe');
const { AcceptingEnd } = require('./accepting-end');
const { linkOver } = require('./open-over');
const { socketRefusal } = require('./reach');
const { MAX_UNKNOWN, START_TIMEOUT } = require('./start-limits');

/** Serves pipes: one per connection of a server of node:net or node:tls. */
class PipeServer {
  #server;
  #isOwn;
  #path;
  #afterClose;
  #token;
  #given; // PipeOptions as they were given
  #onPipe;
  #onError;
  #limits;
  #accept = (socket) => this.#onConnection(socket);
  #meet = (socket) => this.#noteUnknown(socket);
  #onAbort = () => void this.close();
  /** @type {Map<any, () => void>} sockets whose pipe is not open yet, oldest first, and how to end them */
  #unknown = new Map();
  #sockets = new Set(); // of all that are not closed
  /** @type {(() => void) | null} from close() on: to be told when the last of them is */
  #emptied = null;
  /** @type {Promise<void> | null} */
  #closing = null;

  /**
   * @param {any} server that listens
   * @param {object} about
   * @param {boolean} [about.isOwn] close() ends it, too; default false
   * @param {string} [about.path] of its socket file
   * @param {() => void} [about.afterClose] called when it no longer listens
   * @param {string} [about.token]
   * @param {any} about.options PipeOptions of the pipes
   * @param {(pipe: StreamPipe) => void} about.onPipe
   * @param {(error: Error) => void} [about.onError] of what did not become a pipe
   * @param {{ timeout: number, unknown: number }} [about.limits]
   */
  constructor(
    server,
    { isOwn = false, path, afterClose, token, options, onPipe, onError, limits },
  ) {
    this.#server = server;
    this.#isOwn = isOwn;
    this.#path = path;
    this.#afterClose = afterClose ?? (() => {});
    this.#token = token;
    this.#given = options;
    this.#onPipe = onPipe;
    this.#onError = onError ?? (() => {});
    this.#limits = limits ?? { timeout: START_TIMEOUT, unknown: MAX_UNKNOWN };
    const isSecure = server instanceof tls.Server;
    server.on(isSecure ? 'secureConnection' : 'connection', this.#accept);
    if (isSecure) server.on('connection', this.#meet);
    if (isSecure) server.on('tlsClientError', this.#onError);
    if (isOwn) server.on('error', this.#onError);
    this.#heed(options.signal);
  }

  #heed(signal) {
    if (signal === undefined) return;
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Where it listens: the path of a socket file, else { address, port, family }. */
  address() {
    return this.#path ?? this.#server.address();
  }

  // ---------------------------------------------------------------- connections

  /** In the handshake of TLS: of Node's socket below, which is known no more when that is over. */
  #noteUnknown(raw) {
    this.#admit(raw, () => raw.destroy());
    setTimeout(() => this.#unknown.delete(raw) && raw.destroy(), this.#limits.timeout).unref();
  }

  /** Whoever says nothing makes room for others. */
  #admit(socket, end) {
    if (this.#unknown.size >= this.#limits.unknown) {
      const [[oldest, endOldest]] = this.#unknown;
      this.#unknown.delete(oldest);
      endOldest();
    }
    this.#unknown.set(socket, end);
    socket.once('close', () => this.#unknown.delete(socket));
  }

  #onConnection(socket) {
    this.#forgetRaw(socket);
    this.#sockets.add(socket);
    socket.once('close', () => this.#onClosed(socket));
    const refusal = socketRefusal(socket, this.#token !== undefined);
    if (refusal !== null) {
      socket.on('error', () => {}); // that of who was refused
      socket.destroy();
      this.#onError(refusal);
      return;
    }
    this.#await(socket);
  }

  /** Of a TLSSocket, what it came in on. */
  #forgetRaw({ remoteAddress, remotePort, encrypted }) {
    if (encrypted !== true) return;
    for (const raw of this.#unknown.keys())
      if (raw.remotePort === remotePort && raw.remoteAddress === remoteAddress)
        this.#unknown.delete(raw);
  }

  #await(socket) {
    const hasToken = this.#token !== undefined;
    const end = new AcceptingEnd((owner) => linkOver(socket, owner, hasToken), {
      token: this.#token,
      timeout: this.#limits.timeout,
      owner: {
        onOpen: (stream) => {
          this.#unknown.delete(socket);
          this.#open(stream, end);
        },
        onLost: (error) => this.#onError(error),
      },
    });
    this.#admit(socket, () => {
      end.drop();
      socket.destroy(); // it may have been refused already, and stays
    });
  }

  #open(stream, end) {
    const options = this.#optionsOf(stream.isOfMessages);
    const pipe = StreamPipe.accept(stream, options, {
      error: (what, error) => this.#onError(/** @type {Error} */ (error)),
    });
    pipe.once('close', () => end.finish());
    this.#hand(pipe);
  }

  /** One that fails, at once or later, takes its pipe with it, which tells the other end why. */
  async #hand(pipe) {
    try {
      await this.#onPipe(pipe);
    } catch (error) {
      pipe.destroy(error);
    }
  }

  /** Who opens a pipe says of what it is; a mark of the other kind means nothing then. */
  #optionsOf(objectMode) {
    const { highWaterMark, signal } = this.#given;
    const isOurs = objectMode === (this.#given.objectMode ?? false);
    return pipeOptions({ objectMode, highWaterMark: isOurs ? highWaterMark : undefined, signal });
  }

  // ---------------------------------------------------------------- the end

  #onClosed(socket) {
    this.#sockets.delete(socket);
    if (this.#sockets.size === 0) this.#emptied?.();
  }

  /**
   * Accept nobody any more. Who has no pipe yet is turned away; open pipes live on.
   * @returns {Promise<void>} when it does not listen, and the last of its pipes is closed. Of a server
   *   that was handed over, which goes on listening, only the latter
   */
  close() {
    return (this.#closing ??= this.#close());
  }

  async #close() {
    const server = this.#server;
    this.#given.signal?.removeEventListener('abort', this.#onAbort);
    server.off('connection', this.#accept).off('secureConnection', this.#accept);
    server.off('connection', this.#meet).off('tlsClientError', this.#onError);
    const ended = this.#isOwn ? once(server, 'close') : null;
    if (this.#isOwn) server.close();
    this.#afterClose();
    for (const end of this.#unknown.values()) end();
    this.#unknown.clear();
    if (this.#sockets.size > 0)
      await new Promise((resolve) => (this.#emptied = () => resolve(undefined)));
    await ended;
  }
}

module.exports = { PipeServer };
