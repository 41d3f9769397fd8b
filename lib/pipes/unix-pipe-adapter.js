'use strict';

const net = require('node:net');
const { Duplex } = require('node:stream');
const { socketPathOf } = require('../named-socket');
const { pipeOptions } = require('../pipe-options');
const { openOver } = require('./open-over');

/**
 * Pipes to a server at a socket file of this machine (createPipeServer), each over a connection of
 * its own.
 */
class UnixPipeAdapter {
  /** @type {string | undefined} absolute */
  #path;
  /** @type {Duplex | null} that was handed over */
  #stream = null;

  /**
   * @param {string | Duplex} target path of a socket file; or what is connected already, such as a
   *   net.Socket: the pipe's from then on, once
   * @throws {TypeError | RangeError | import('../errors').UnsupportedError}
   */
  constructor(target) {
    if (target instanceof Duplex) this.#stream = target;
    else this.#path = socketPathOf(target, 'path');
  }

  /**
   * @param {import('../pipe-options').PipeOptions} [options]
   * @returns {import('../pipe').Pipe} at once; a connection that fails destroys it with the error
   */
  createDuplex(options) {
    const checked = pipeOptions(options);
    if (this.#path === undefined) return openOver(this.#stream, { name: 'pipe', options: checked });
    const socket = net.connect({ path: this.#path });
    return openOver(socket, { name: this.#path, options: checked });
  }
}

module.exports = { UnixPipeAdapter };
