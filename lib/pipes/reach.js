'use strict';

/** Who may be at the other end of a pipe: this machine; beyond it only with TLS and a token. */

const dns = require('node:dns');
const net = require('node:net');
const { wrong } = require('../options');
const { UnsupportedError } = require('../errors');

const MAX_TOKEN_BYTES = 1024;

const LOOPBACK = new net.BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** @param {string} address an IP address */
function isLoopback(address) {
  const [plain] = address.split('%');
  const family = net.isIP(plain);
  return family !== 0 && LOOPBACK.check(plain, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * @param {string} where a host or address beyond this machine
 * @param {{ tls: boolean, token: boolean }} has
 * @returns {Error | null} why a pipe may not reach it
 */
function refusalOf(where, has) {
  const missing = [has.tls ? '' : 'TLS', has.token ? '' : 'a token'].filter(Boolean);
  if (missing.length === 0) return null;
  return new UnsupportedError(
    `a pipe beyond this machine (${where}) needs ${missing.join(' and ')}`,
  );
}

/**
 * @param {string} address an IP address
 * @param {{ tls: boolean, token: boolean }} has
 */
function addressRefusal(address, has) {
  return isLoopback(address) ? null : refusalOf(address, has);
}

/**
 * @param {any} socket that is connected; what has no address is local
 * @param {boolean} hasToken
 */
function socketRefusal(socket, hasToken) {
  const address = socket.remoteAddress;
  if (address === undefined) return null;
  return addressRefusal(address, { tls: socket.encrypted === true, token: hasToken });
}

/** As dns.lookup, of who may be reached without TLS or without a token. */
function lookupWithin(has) {
  return (host, options, callback) =>
    dns.lookup(host, options, (error, found, family) => {
      if (error) return callback(error, found, family);
      const all = Array.isArray(found) ? found.map(({ address }) => address) : [found];
      const outside = all.find((address) => !isLoopback(address));
      const refusal = outside === undefined ? null : refusalOf(`${host}, ${outside}`, has);
      return callback(refusal, found, family);
    });
}

/** @param {unknown} token @returns {string | undefined} the same @throws {TypeError | RangeError} */
function checkToken(token) {
  if (token === undefined) return undefined;
  if (typeof token !== 'string' || token === '')
    throw new TypeError("option 'token' must be a string that is not empty"); // and is not shown
  if (Buffer.byteLength(token) <= MAX_TOKEN_BYTES) return token;
  throw new RangeError(`option 'token' must have at most ${MAX_TOKEN_BYTES} bytes`);
}

/** @param {unknown} host @returns {string} the same @throws {TypeError} */
function checkHost(host) {
  if (typeof host === 'string' && host !== '' && !host.includes('\0')) return host;
  throw wrong('host', 'a name or an IP address', host);
}

/** @param {unknown} tls options of node:tls @throws {TypeError} */
function checkTls(tls) {
  if (tls === undefined || (typeof tls === 'object' && tls !== null)) return tls;
  throw wrong('tls', 'an object', tls);
}

module.exports = {
  addressRefusal,
  checkHost,
  checkTls,
  checkToken,
  lookupWithin,
  socketRefusal,
};
