'use strict';

/** A worker at a named socket: it lets one host in at a time. */

const fs = require('node:fs');
const native = require('./binding');
const { makeToken, removeToken, socketError, writeToken } = require('./named-socket');

class Listening {
  #path;
  #owner;
  /** @type {any} */
  #handle;
  #timer;
  #toldToken = false;

  /**
   * @param {string} socketPath
   * @param {{ onHost: (fds: number[]) => void, onNobody: () => void }} owner
   * @throws {Error} with a code of the system, EADDRINUSE or EPERM among them
   */
  constructor(socketPath, owner) {
    this.#path = socketPath;
    this.#owner = owner;
    try {
      this.#handle = native.listen(socketPath, { onHost: (fds) => this.#onHost(fds) });
    } catch (error) {
      throw socketError(error, socketPath);
    }
  }

  /** For watchHost(). */
  get handle() {
    return this.#handle;
  }

  /** Which file it is. @returns {string} */
  get id() {
    return this.#handle.id;
  }

  /**
   * Let the next host in; onHost or onNobody follows.
   * @param {number} timeout milliseconds, 0: none
   * @param {Buffer} [token] that it knows already; default: a new one, written beside the socket
   */
  waitForHost(timeout, token = this.#makeToken()) {
    native.awaitHost(this.#handle, token);
    if (timeout > 0) this.#timer = setTimeout(() => this.#owner.onNobody(), timeout);
  }

  #makeToken() {
    const token = makeToken();
    writeToken(this.#path, token);
    this.#toldToken = true;
    return token;
  }

  #onHost(fds) {
    clearTimeout(this.#timer);
    this.#forgetToken(); // it was for once
    this.#owner.onHost(fds);
  }

  #forgetToken() {
    if (this.#toldToken) removeToken(this.#path);
    this.#toldToken = false;
  }

  /** The files are gone then. */
  close() {
    clearTimeout(this.#timer);
    this.#forgetToken();
    native.closeListener(this.#handle);
  }
}

/** Say to who has started this process that it listens, or why it cannot. */
function announce(lifeline, told) {
  fs.writeSync(lifeline, `${JSON.stringify(told)}\n`);
}

module.exports = { Listening, announce };
