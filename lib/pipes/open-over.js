'use strict';

const { FedLink } = require('../fed-link');
const { ConnectedPipe } = require('./connected-pipe');
const { ConnectingEnd } = require('./connecting-end');
const { Connection } = require('./connection');
const { socketRefusal } = require('./reach');
const { START_TIMEOUT } = require('./start-limits');

const KEEP_ALIVE_DELAY = 10_000;

/** Streams that carry a pipe, of whichever adapter: a second one would take what is the first one's. */
const taken = new WeakSet();

/**
 * The pipe of the end that connects.
 * @param {any} stream connected or connecting, for one pipe
 * @param {object} about
 * @param {string} about.name
 * @param {import('../pipe-options').PipeOptions} about.options
 * @param {string} [about.token]
 * @param {number} [about.timeout] milliseconds until it is open
 * @returns {ConnectedPipe}
 * @throws {TypeError} of a stream that cannot carry a pipe
 */
function openOver(stream, { name, options, token, timeout = START_TIMEOUT }) {
  checkStream(stream);
  taken.add(stream);
  const end = new ConnectingEnd((owner) => linkOver(stream, owner, token !== undefined), {
    token,
    timeout,
  });
  return new ConnectedPipe(name, options, end);
}

function checkStream(stream) {
  if (taken.has(stream))
    throw new TypeError('the stream was handed over for one pipe, and is in use');
  if (stream.readableObjectMode || stream.writableObjectMode || stream.readableEncoding)
    throw new TypeError('a pipe needs a stream of bytes');
  if (stream.destroyed || stream.readableEnded || stream.writableEnded)
    throw new TypeError('the stream has ended');
}

/**
 * @param {any} stream a byte stream
 * @param {{ onExcess: () => void }} owner
 * @param {boolean} hasToken whether the other end has shown one, or is shown one
 */
function linkOver(stream, owner, hasToken) {
  stream.setNoDelay?.(true);
  stream.setKeepAlive?.(true, KEEP_ALIVE_DELAY); // a peer whose machine is gone sends no FIN
  const refuse = () => {
    const refusal = socketRefusal(stream, hasToken);
    if (refusal !== null) stream.destroy(refusal);
  };
  if (stream.connecting) stream.once('connect', refuse);
  else refuse();
  return new FedLink(stream, { allowance: Connection.START_BYTES, onExcess: owner.onExcess });
}

module.exports = { linkOver, openOver };
