'use strict';

const { createHash, timingSafeEqual } = require('node:crypto');
const { encodeError } = require('../error-frames');
const { HandshakeError, ProtocolError } = require('../errors');
const { EVENT, ROLE, TYPE } = require('../frames');
const { STRUCTURED, decodeStart, encodeStart } = require('../start-frames');
const { Connection } = require('./connection');
const { PIPE_VERSION } = require('./connecting-end');

const NOTHING = Buffer.alloc(0);

/**
 * The end of a connection with one pipe that was asked for it: the worker, for the protocol. The owner
 * has onOpen(end), a StreamEnd to be accepted or reset at once, or onLost(error), when it will not be
 * called.
 */
class AcceptingEnd {
  #connection;
  #owner;
  #token;
  #isOpen = false;

  /**
   * @param {(owner: any) => any} makeLink as of ConnectingEnd
   * @param {object} about
   * @param {string} [about.token] that the other end has to show
   * @param {number} about.timeout milliseconds until the pipe is open, 0: none
   * @param {any} about.owner
   */
  constructor(makeLink, { token, timeout, owner }) {
    this.#token = token;
    this.#owner = owner;
    const link = makeLink({ onExcess: () => this.#connection.onExcess() });
    this.#connection = new Connection(link, { role: ROLE.WORKER, timeout, owner: this });
  }

  onEvent(kind, at) {
    if (kind !== EVENT.INIT) return;
    const refusal = this.#refusalOf(at);
    if (refusal === null) this.#welcome();
    else this.#refuse(refusal);
  }

  /** @returns {Error | null} */
  #refusalOf(at) {
    const { channel } = this.#connection;
    let init;
    try {
      init = channel.readPayload(at, decodeStart);
    } catch (error) {
      return error;
    }
    if (typeof init !== 'object' || init === null || init.pipe !== PIPE_VERSION)
      return new ProtocolError('malformed INIT of a pipe', { rule: 'P3.19' });
    if (this.#token === undefined || isSame(this.#token, init.token)) return null;
    const what = init.token === undefined ? 'a token is needed' : 'the token is wrong';
    return new HandshakeError(`pipe refused: ${what}`);
  }

  #welcome() {
    const { channel } = this.#connection;
    channel.sendBytes(TYPE.METHODS, STRUCTURED, 0, 0, encodeStart([]));
    channel.sendBytes(TYPE.READY, 0, 0, 0, NOTHING);
  }

  #refuse(error) {
    const { channel } = this.#connection;
    error.stack = String(error); // a stranger is not to learn where our files are
    channel.sendBytes(TYPE.ERROR, STRUCTURED, 0, 0, encodeError(error));
    this.#connection.finish();
    this.#owner.onLost(error);
  }

  onStream(end) {
    if (this.#isOpen) {
      end.reset(new ProtocolError('a connection carries one pipe', { rule: 'P3.20' }));
      return;
    }
    this.#isOpen = true;
    this.#connection.started();
    this.#owner.onOpen(end);
  }

  /** A pipe that is open is told itself. */
  onLost(error) {
    if (!this.#isOpen) this.#owner.onLost(error);
  }

  /** Its pipe is closed. */
  finish() {
    this.#connection.finish();
  }

  /** At once; nobody hears of it. */
  drop() {
    this.#connection.drop();
  }
}

/** In a time that tells nothing of either. @param {string} token @param {unknown} shown */
function isSame(token, shown) {
  return typeof shown === 'string' && timingSafeEqual(digest(token), digest(shown));
}

function digest(text) {
  return createHash('sha256').update(text).digest();
}

module.exports = { AcceptingEnd };
