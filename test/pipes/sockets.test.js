'use strict';

const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { addAbortSignal } = require('node:stream');
const {
  createPipePair,
  createPipeServer,
  TCPPipeAdapter,
  UnixPipeAdapter,
} = require('hawser/pipes');
const { pipeSuite } = require('../conformance/pipes/suite');
const { serverTls, clientTls } = require('../tls/options');

/** A server, and the pipe that it gets from an adapter that is told where it listens. */
async function connected(serving, adapterFor, { signal, ...options }) {
  let server;
  const arrival = new Promise((resolve) => {
    server = createPipeServer({ ...serving, ...options }, resolve);
  });
  server = await server;
  const near = adapterFor(server.address()).createDuplex({ ...options, signal });
  const lost = once(near, 'close').then(() => ({ errored: near.errored, isLost: true }));
  const far = await Promise.race([arrival, lost]);
  return { near, far, close: () => server.close() };
}

async function openUnix(options = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-pipes-'));
  const place = { path: path.join(folder, 'pipe') };
  const pair = await connected(place, (at) => new UnixPipeAdapter(at), options);
  const close = async () => {
    await pair.close();
    fs.rmdirSync(folder); // nothing is left in it
  };
  return { ...pair, close };
}

const openTcp = (options = {}) =>
  connected({ port: 0 }, ({ port }) => new TCPPipeAdapter({ port }), options);

const openTls = (options = {}) => {
  const token = 'a secret';
  const adapterFor = ({ port }) => new TCPPipeAdapter({ port, token, tls: clientTls });
  return connected({ port: 0, token, tls: serverTls }, adapterFor, options);
};

async function openPair({ signal, ...options } = {}) {
  const [near, far] = createPipePair(options);
  if (signal !== undefined) addAbortSignal(signal, near);
  while (!isOpen(near) || !isOpen(far)) await new Promise(setImmediate);
  return { near, far, close() {} };
}

/** What is written and corked before stays where it is, which is what Node does. */
const isOpen = (pipe) => pipe._writableState.constructed || pipe.destroyed;

const few = { runs: 100 }; // each opens a connection

pipeSuite('a pipe over a Unix socket', openUnix, few);
pipeSuite('a pipe over TCP', openTcp, few);
pipeSuite('a pipe over TLS', openTls, few);
pipeSuite('a pair of pipes in one thread', openPair);
