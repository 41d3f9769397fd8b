'use strict';

const { createCodec, nameOf } = require('./codec');
const { HandshakeError } = require('./errors');

/**
 * The codec of a worker: the host's, if that is built in and the worker names none.
 * @param {{ serializer: string, builtIn: boolean }} host what INIT said (P3.8)
 * @param {any} [own] option of startWorkerServer
 * @throws {HandshakeError} with both names where they differ
 */
function agreeOnCodec({ serializer, builtIn }, own) {
  if (own === undefined && builtIn) return createCodec(serializer);
  const name = own === undefined ? 'structured' : typeof own === 'string' ? own : nameOf(own);
  if (name === serializer && (typeof own === 'string') === builtIn) return createCodec(own);
  throw new HandshakeError(
    `Serializer mismatch: host uses ${serializer}, worker uses ${name}. ` +
      'Ensure both client and server use the same serializer class.',
  );
}

module.exports = { agreeOnCodec };
