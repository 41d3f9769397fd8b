'use strict';

const net = require('node:net');
const tls = require('node:tls');
const { checkNames, integer, wrong } = require('../options');
const { pipeOptions } = require('../pipe-options');
const { openOver } = require('./open-over');
const reach = require('./reach');

const TARGET = { what: 'option', known: ['host', 'port', 'tls', 'token'], later: [] };
const WITH_SOCKET = { what: 'option', known: ['token'], later: [] };

/**
 * Pipes to a server at a TCP port (createPipeServer), each over a connection of its own. Without TLS
 * and a token this machine alone is reached.
 */
class TCPPipeAdapter {
  /** @type {any} { host, port, tls, token } */
  #target = null;
  /** @type {net.Socket | null} that was handed over */
  #socket = null;
  #token;

  /**
   * @param {{ host?: string, port: number, tls?: object, token?: string } | net.Socket} target
   *   host: default 127.0.0.1; tls: options of tls.connect. Or a socket, or a tls.TLSSocket that is
   *   connected: the pipe's from then on, once
   * @param {{ token?: string }} [options] of a socket
   * @throws {TypeError | RangeError} of an option; UnsupportedError naming what is missing for it
   */
  constructor(target, options = {}) {
    if (target instanceof net.Socket) {
      checkNames(options, WITH_SOCKET);
      this.#token = reach.checkToken(options.token);
      const refusal = reach.socketRefusal(target, this.#token !== undefined);
      if (refusal !== null) throw refusal;
      this.#socket = target;
    } else {
      this.#target = targetOf(target);
      this.#token = this.#target.token;
    }
  }

  /**
   * @param {import('../pipe-options').PipeOptions} [options]
   * @returns {import('../pipe').Pipe} at once; a connection that fails destroys it with the error
   */
  createDuplex(options) {
    const checked = pipeOptions(options);
    const token = this.#token;
    if (this.#target === null)
      return openOver(this.#socket, { name: 'pipe', options: checked, token });
    const { host, port } = this.#target;
    return openOver(connectTo(this.#target), { name: `${host}:${port}`, options: checked, token });
  }
}

function targetOf(target) {
  checkNames(target, TARGET);
  const host = target.host === undefined ? '127.0.0.1' : reach.checkHost(target.host);
  const own = reach.checkTls(target.tls);
  const token = reach.checkToken(target.token);
  if (target.port === undefined) throw wrong('port', 'a number', target.port);
  const port = integer('port', target.port, 1, 65_535);
  if (net.isIP(host) !== 0) {
    const refusal = reach.addressRefusal(host, {
      tls: own !== undefined,
      token: token !== undefined,
    });
    if (refusal !== null) throw refusal;
  }
  return { host, port, tls: own, token };
}

function connectTo({ host, port, tls: own, token }) {
  const has = { tls: own !== undefined, token: token !== undefined };
  const within = has.tls && has.token ? {} : { lookup: reach.lookupWithin(has) };
  if (own === undefined) return net.connect({ host, port, ...within });
  return tls.connect({ ...own, host, port, ...within });
}

module.exports = { TCPPipeAdapter };
