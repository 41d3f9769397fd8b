'use strict';

const { decodeError } = require('../error-frames');
const { ProtocolError } = require('../errors');
const { EVENT, ROLE, TYPE } = require('../frames');
const { STRUCTURED, encodeStart } = require('../start-frames');
const { Connection } = require('./connection');

/** In INIT (P3.19). */
const PIPE_VERSION = 1;

/** The end of a connection with one pipe that has asked for it: the host, for the protocol. */
class ConnectingEnd {
  #connection;
  #token;
  /** @type {((error: Error | null, isOpen: boolean) => void) | null} */
  #tell = null;
  /** @type {{ error: Error | null, isOpen: boolean } | null} what there is to tell */
  #state = null;

  /** @type {{ error: Error | null } | null} its pipe was destroyed before it was open */
  #abandoned = null;
  /** @type {import('../stream-end').Windows | null} until it was used */
  #farewell;

  /**
   * @param {(owner: any) => any} makeLink a FedLink or PairLink, its owner having onExcess()
   * @param {object} about
   * @param {string} [about.token]
   * @param {number} about.timeout milliseconds, 0: none
   * @param {import('../stream-end').Windows} [about.farewell] with which a pipe that is destroyed
   *   before it is open opens nevertheless, for the other end to hear why; default: the connection is
   *   dropped
   */
  constructor(makeLink, { token, timeout, farewell }) {
    this.#token = token;
    this.#farewell = farewell ?? null;
    const link = makeLink({ onExcess: () => this.#connection.onExcess() });
    this.#connection = new Connection(link, { role: ROLE.HOST, timeout, owner: this });
  }

  onEvent(kind, at) {
    const { channel } = this.#connection;
    if (kind === EVENT.HELLO) this.#sendInit(channel);
    else if (kind === EVENT.READY) this.#onReady();
    else if (kind === EVENT.START_ERROR)
      this.#connection.fail(channel.readPayload(at, decodeError));
  }

  #sendInit(channel) {
    const token = this.#token === undefined ? {} : { token: this.#token };
    channel.sendBytes(TYPE.INIT, STRUCTURED, 0, 0, encodeStart({ pipe: PIPE_VERSION, ...token }));
  }

  #onReady() {
    this.#connection.started();
    if (this.#abandoned === null) this.#settle(null, true);
    else this.#tellWhy(this.#abandoned.error);
  }

  #tellWhy(error) {
    this.#connection.channel.streams.open('', this.#farewell)?.reset(error);
    this.#farewell = null;
    this.finish();
  }

  /** Only the end that connects opens a stream. */
  onStream(end) {
    end.reset(new ProtocolError('only who connects opens a pipe', { rule: 'P3.20' }));
  }

  onLost(error) {
    this.#settle(error, false);
  }

  #settle(error, isOpen) {
    if (this.#state !== null) return;
    this.#state = { error, isOpen };
    this.#tell?.(error, isOpen);
  }

  // ---------------------------------------------------------------- for its pipe

  /** tell(error, isOpen) once: neither of them when it was given up. */
  whenOpen(tell) {
    if (this.#state === null) this.#tell = tell;
    else tell(this.#state.error, this.#state.isOpen);
  }

  /** Undefined until it is open; else as Streams.open(). */
  open(name, windows) {
    if (!this.#state?.isOpen) return undefined;
    return this.#connection.channel.streams.open(name, windows);
  }

  /** Its pipe is destroyed: nobody waits for the start any more. */
  abandon(error) {
    if (this.#state !== null) return;
    this.#abandoned = { error };
    if (this.#farewell === null) this.#connection.drop();
    this.#settle(null, false);
  }

  /** Its pipe is closed. */
  finish() {
    if (this.#abandoned === null || this.#farewell === null) this.#connection.finish();
  }
}

module.exports = { ConnectingEnd, PIPE_VERSION };
