'use strict';

const dns = require('node:dns/promises');
const { once } = require('node:events');
const net = require('node:net');
const tls = require('node:tls');
const native = require('../binding');
const { socketError, socketPathOf } = require('../named-socket');
const { checkNames, integer, wrong } = require('../options');
const { pipeOptions } = require('../pipe-options');
const { PipeServer } = require('./pipe-server');
const { addressRefusal, checkHost, checkTls, checkToken } = require('./reach');
const { START_TIMEOUT } = require('./start-limits');

const OF_A_PIPE = ['objectMode', 'highWaterMark', 'signal'];
const known = (...names) => ({
  what: 'server option',
  known: [...names, 'onError', ...OF_A_PIPE],
  later: [],
});
const UNIX = known('path');
const TCP = known('host', 'port', 'tls', 'token');
const HANDED_OVER = known('server', 'token');

/**
 * The listening side of UnixPipeAdapter and TCPPipeAdapter: a pipe per connection.
 * @param {any} options { path } | { host, port, tls, token } | { server, token }, with PipeOptions and
 *   onError(error), for connections that did not become a pipe and for pipes whose errors nobody
 *   listens for; default: they are dropped. host: default 127.0.0.1; port: 0 for any; tls: options of
 *   tls.createServer; server: a net.Server or tls.Server that listens, and stays its owner's. The
 *   objectMode of who connects counts; highWaterMark holds for pipes of the objectMode given here
 * @param {(pipe: import('../pipe').Pipe) => void} onPipe
 * @returns {Promise<PipeServer>} that listens
 * @throws {TypeError | RangeError} of an option. Rejects with the system's error, or with
 *   UnsupportedError beyond this machine without TLS and a token
 */
async function createPipeServer(options, onPipe) {
  if (typeof onPipe !== 'function') throw new TypeError('onPipe must be a function');
  checkOptions(options);
  const { objectMode, highWaterMark, signal, token, onError } = options;
  const pipes = { objectMode, highWaterMark, signal };
  pipeOptions(pipes);
  if (onError !== undefined && typeof onError !== 'function')
    throw wrong('onError', 'a function', onError);
  const about = { token: checkToken(token), options: pipes, onPipe, onError };
  if (options.server !== undefined) return new PipeServer(serverOf(options.server), about);
  const listening =
    options.path === undefined ? await listenTcp(options) : await listenUnix(options);
  return new PipeServer(listening.server, { ...about, ...listening, isOwn: true });
}

function checkOptions(options) {
  if (options?.server !== undefined) checkNames(options, HANDED_OVER);
  else if (options?.path !== undefined) checkNames(options, UNIX);
  else checkNames(options, TCP);
}

function serverOf(server) {
  if (!(server instanceof net.Server)) throw wrong('server', 'a net.Server or tls.Server', server);
  const event = server instanceof tls.Server ? 'secureConnection' : 'connection';
  if (server.listenerCount(event) === 0) return server;
  throw new TypeError("option 'server' must be one whose connections nobody reads, as http does");
}

async function listenTcp({ host = '127.0.0.1', port, tls: own, token }) {
  checkHost(host);
  checkTls(own);
  if (port === undefined) throw wrong('port', 'a number', port);
  integer('port', port, 0, 65_535);
  const has = { tls: own !== undefined, token: token !== undefined };
  const address = net.isIP(host) === 0 ? (await dns.lookup(host)).address : host;
  const refusal = addressRefusal(address, has);
  if (refusal !== null) throw refusal;
  const server = own
    ? tls.createServer({ handshakeTimeout: START_TIMEOUT, ...own })
    : net.createServer();
  server.listen({ host: address, port });
  await once(server, 'listening');
  return { server };
}

/** Its folder is made, and must be of this user alone; a file that a dead server has left is replaced. */
async function listenUnix({ path: given }) {
  const path = socketPathOf(given, 'path');
  let bound;
  try {
    bound = native.bindSocket(path);
  } catch (error) {
    throw socketError(error, path, 'path');
  }
  const server = net.createServer();
  server.listen({ fd: bound.fd, exclusive: true });
  await once(server, 'listening');
  return { server, path, afterClose: () => native.removeSocket(path, bound.id) };
}

module.exports = { createPipeServer };
