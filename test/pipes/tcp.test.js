'use strict';

const assert = require('node:assert/strict');
const dns = require('node:dns');
const { once } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const tls = require('node:tls');
const { HandshakeError, ProtocolError, UnsupportedError, WorkerCrashedError } = require('hawser');
const { createPipeServer, TCPPipeAdapter } = require('hawser/pipes');
const { PipeServer } = require('../../lib/pipes/pipe-server');
const { encodeStart } = require('../../lib/start-frames');
const { clientTls, serverTls } = require('../tls/options');
const { collect } = require('../conformance/pipes/ends');
const { failure, surroundings } = require('./serving');

const OBJECTS = { objectMode: true };
const OUTSIDE = '192.0.2.1'; // TEST-NET-1, which leads nowhere
const token = 'a secret';

/** Until `holds()`; each look lets the loop turn. */
async function until(holds) {
  const limit = Date.now() + 10_000;
  while (!holds()) {
    assert.ok(Date.now() < limit, String(holds));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** It may be reset. @param {net.Socket} socket */
const closing = (socket) => new Promise((resolve) => socket.once('close', resolve));

describe('TCPPipeAdapter', () => {
  const { serve, endings } = surroundings();

  it('gives a pipe over the loopback address, without delay and kept alive (F10)', async () => {
    const { server, next } = await serve({ port: 0, ...OBJECTS });
    const { address, port } = server.address();
    assert.equal(address, '127.0.0.1');
    const socket = net.connect(port, '127.0.0.1');
    const asked = [];
    for (const name of ['setNoDelay', 'setKeepAlive']) {
      const own = socket[name];
      socket[name] = (...args) => (asked.push([name, ...args]), own.apply(socket, args));
    }
    const near = new TCPPipeAdapter(socket).createDuplex(OBJECTS);
    near.end('there');
    assert.deepEqual(await collect((await next()).end()), ['there']);
    assert.deepEqual(asked, [
      ['setNoDelay', true],
      ['setKeepAlive', true, 10_000],
    ]);
    const named = new TCPPipeAdapter({ host: 'localhost', port }).createDuplex(OBJECTS);
    named.end('again');
    assert.equal(named.name, `localhost:${port}`);
    assert.deepEqual(await collect((await next()).end()), ['again']);
  });

  it('destroys the pipe with ECONNREFUSED where nobody listens (F9)', async () => {
    const { server } = await serve({ port: 0 });
    const { port } = server.address();
    await server.close();
    const error = await failure(new TCPPipeAdapter({ port }).createDuplex());
    assert.equal(error.code, 'ECONNREFUSED');
  });

  for (const host of [undefined, 'localhost', '127.0.0.1']) {
    it(`carries a pipe over TLS when it trusts the certificate, host ${host}`, async () => {
      const { server, next, errors } = await serve({ port: 0, tls: serverTls, token });
      const { port } = server.address();
      const near = new TCPPipeAdapter({ host, port, tls: clientTls, token }).createDuplex();
      near.end('secret');
      assert.equal(String(Buffer.concat(await collect((await next()).end()))), 'secret');
      assert.deepEqual(errors, []);
    });
  }

  it('does not trust a certificate that it does not know', async () => {
    const { server, errors } = await serve({ port: 0, tls: serverTls, token });
    const { port } = server.address();
    const error = await failure(new TCPPipeAdapter({ port, tls: {}, token }).createDuplex());
    assert.equal(error.code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
    await until(() => errors.length > 0);
  });

  for (const [what, shown, message] of [
    ['a wrong token', 'another secret', /token is wrong/],
    ['a token that the right one begins with', 'a secre', /token is wrong/],
    ['no token', undefined, /token is needed/],
  ]) {
    it(`is refused with ${what}: both ends hear a HandshakeError`, async () => {
      const { server, errors } = await serve({ port: 0, token });
      const target = { port: server.address().port, token: shown };
      const pipe = new TCPPipeAdapter(target).createDuplex();
      pipe.write('early');
      const error = await failure(pipe);
      assert.ok(error instanceof HandshakeError, String(error));
      assert.match(error.message, message);
      assert.doesNotMatch(error.stack, /\.js/);
      assert.deepEqual(
        errors.map(({ name }) => name),
        ['HandshakeError'],
      );
    });
  }

  it('is not refused for a token that nobody asks for', async () => {
    const { server, next } = await serve({ port: 0 });
    const pipe = new TCPPipeAdapter({ port: server.address().port, token }).createDuplex();
    pipe.end('here');
    assert.equal(String(Buffer.concat(await collect((await next()).end()))), 'here');
  });

  it('is destroyed with WorkerCrashedError and its cause when the connection is reset (F9)', async () => {
    const { server, next } = await serve({ port: 0 });
    const socket = net.connect(server.address().port, '127.0.0.1');
    const near = new TCPPipeAdapter(socket).createDuplex();
    const far = await next();
    far.write('before');
    assert.equal(String((await once(near, 'data'))[0]), 'before');
    const ends = [failure(far), failure(near)];
    socket.resetAndDestroy();
    const [error] = await Promise.all(ends);
    assert.ok(error instanceof WorkerCrashedError);
    assert.equal(error.code, 'ERR_HAWSER_CRASHED');
    assert.equal(error.cause.code, 'ECONNRESET');
    assert.match(error.message, /ECONNRESET/);
  });

  describe('beyond this machine', () => {
    const missing = [
      [{}, /TLS and a token/],
      [{ token }, /needs TLS$/],
      [{ tls: {} }, /needs a token$/],
    ];

    for (const [has, expected] of missing) {
      it(`refuses an address with ${Object.keys(has).join() || 'nothing'}: ${expected} (F11)`, () => {
        for (const host of [OUTSIDE, '0.0.0.0', '::', '2001:db8::1', '::ffff:192.0.2.1'])
          assert.throws(
            () => new TCPPipeAdapter({ host, port: 1, ...has }),
            (error) => error instanceof UnsupportedError && expected.test(error.message),
          );
      });

      it(`refuses a name that leads there with ${Object.keys(has).join() || 'nothing'} (F11)`, async () => {
        const own = dns.lookup;
        endings.push(() => (dns.lookup = own));
        dns.lookup = /** @type {any} */ (
          (host, options, callback) =>
            setImmediate(() =>
              options.all
                ? callback(null, [{ address: OUTSIDE, family: 4 }])
                : callback(null, OUTSIDE, 4),
            )
        );
        const pipe = new TCPPipeAdapter({ host: 'far.example', port: 1, ...has }).createDuplex();
        const error = await failure(pipe);
        assert.ok(error instanceof UnsupportedError, String(error));
        assert.match(error.message, expected);
      });

      it(`refuses to listen there with ${Object.keys(has).join() || 'nothing'} (F11)`, async () => {
        const tlsOf = has.tls && serverTls;
        for (const host of ['0.0.0.0', '::', OUTSIDE])
          await assert.rejects(
            createPipeServer({ host, port: 0, ...has, tls: tlsOf }, () => {}),
            (error) => error instanceof UnsupportedError && expected.test(error.message),
          );
      });
    }

    it('refuses a socket that is handed over, at either end (F11)', async () => {
      const raw = net.createServer().listen(0, '127.0.0.1');
      await once(raw, 'listening');
      endings.push(() => void raw.close());
      const { port } = /** @type {net.AddressInfo} */ (raw.address());
      const { errors } = await serve({ server: raw, token });
      const far = (socket) => Object.defineProperty(socket, 'remoteAddress', { value: OUTSIDE });
      raw.prependListener('connection', far);
      const near = new TCPPipeAdapter(net.connect(port, '127.0.0.1'), { token }).createDuplex();
      assert.ok(await failure(near));
      assert.match(errors[0].message, /needs TLS$/);
      const socket = net.connect(port, '127.0.0.1');
      await once(socket, 'connect');
      assert.throws(() => new TCPPipeAdapter(far(socket)), UnsupportedError);
      assert.throws(() => new TCPPipeAdapter(far(socket), { token }), UnsupportedError);
      const late = net.connect(port, '127.0.0.1'); // known when it is connected
      const get = () => (late.connecting ? undefined : OUTSIDE);
      Object.defineProperty(late, 'remoteAddress', { get });
      const error = await failure(new TCPPipeAdapter(late, { token }).createDuplex());
      assert.ok(error instanceof UnsupportedError, String(error));
      assert.equal(late.bytesWritten, 0);
      socket.destroy();
    });

    it('serves with TLS and a token', async () => {
      const { server, next } = await serve({ host: '0.0.0.0', port: 0, tls: serverTls, token });
      const { port } = server.address();
      const near = new TCPPipeAdapter({ port, tls: clientTls, token }).createDuplex();
      near.end('in');
      assert.equal(String(Buffer.concat(await collect((await next()).end()))), 'in');
    });
  });

  it('takes a TLSSocket that is connected, from a tls.Server of the user', async () => {
    const theirs = tls.createServer(serverTls).listen(0, '127.0.0.1');
    await once(theirs, 'listening');
    const { port } = /** @type {net.AddressInfo} */ (theirs.address());
    const { server, next } = await serve({ server: theirs, token, ...OBJECTS });
    const socket = tls.connect({ port, host: '127.0.0.1', ...clientTls });
    await once(socket, 'secureConnect');
    const adapter = new TCPPipeAdapter(socket, { token });
    const near = adapter.createDuplex(OBJECTS);
    assert.throws(() => adapter.createDuplex(), /in use/);
    near.end({ over: 'TLS' });
    const far = await next();
    assert.deepEqual(await collect(far.end()), [{ over: 'TLS' }]);
    await server.close();
    assert.ok(theirs.listening);
    theirs.close();
  });

  it("refuses a server whose connections somebody else reads, such as http's", async () => {
    for (const server of [http.createServer(), https.createServer(), net.createServer(() => {})])
      await assert.rejects(
        createPipeServer({ server }, () => {}),
        TypeError,
      );
  });

  it('refuses options that cannot be', () => {
    for (const target of [
      undefined,
      {},
      { port: '1' },
      { port: 1, path: 'x' },
      { port: 1, host: 7 },
      { port: 1, tls: 'yes' },
      { port: 1, token: 5 },
      { port: 1, token: '' },
    ])
      assert.throws(() => new TCPPipeAdapter(/** @type {any} */ (target)), TypeError);
    for (const target of [{ port: 0 }, { port: 70_000 }, { port: 1, token: 'x'.repeat(1025) }])
      assert.throws(() => new TCPPipeAdapter(target), RangeError);
    assert.throws(() => new TCPPipeAdapter(new net.Socket(), { port: 1 }), TypeError);
  });
});

describe('who has not opened a pipe', () => {
  const { endings } = surroundings();

  /** A server with its own limits, and what it was told. */
  async function serveWith(limits, own = net.createServer()) {
    const errors = [];
    const pipes = [];
    own.listen(0, '127.0.0.1');
    await once(own, 'listening');
    const server = new PipeServer(own, {
      isOwn: true,
      token,
      options: {},
      onPipe: (pipe) => pipes.push(pipe.on('error', () => {})),
      onError: (error) => errors.push(error),
      limits,
    });
    endings.push(() => void server.close());
    return { port: /** @type {any} */ (server.address()).port, errors, pipes, server };
  }

  function stranger(port) {
    const socket = net.connect(port, '127.0.0.1').on('error', () => {});
    endings.push(() => void socket.destroy());
    return socket;
  }

  it('is closed when it says nothing, or one byte at a time (F11)', async () => {
    const { port, errors } = await serveWith({ timeout: 100, unknown: 64 });
    const silent = stranger(port).resume();
    const slow = stranger(port).resume();
    const drip = setInterval(() => slow.write(Buffer.of(0x30)), 20);
    await Promise.all([closing(silent), closing(slow)]);
    clearInterval(drip);
    assert.equal(errors.length, 2);
    for (const { name } of errors) assert.match(name, /TimeoutError|ProtocolError/);
    assert.ok(errors.some(({ name }) => name === 'TimeoutError'));
  });

  it('is closed in the middle of the handshake of TLS, too (F11)', async () => {
    const { port } = await serveWith({ timeout: 100, unknown: 64 }, tls.createServer(serverTls));
    await closing(stranger(port).resume());
  });

  it('is closed when it sends more than a start needs (F11)', async () => {
    const { port, errors } = await serveWith({ timeout: 10_000, unknown: 64 });
    const greedy = stranger(port);
    const hello = await new Promise((resolve) => greedy.once('data', resolve));
    hello[22] = 1; // of a host
    const head = Buffer.from('00000800020100000000000000000000', 'hex'); // INIT of 512 KiB
    greedy.write(Buffer.concat([hello, head]));
    const more = Buffer.alloc(65_536);
    const pump = setInterval(() => greedy.write(more), 1);
    await closing(greedy.resume());
    clearInterval(pump);
    assert.ok(errors[0] instanceof ProtocolError, String(errors[0]));
    assert.equal(errors[0].rule, 'P3.21');
    assert.ok(greedy.bytesWritten < 4 << 20, `${greedy.bytesWritten} bytes`);
  });

  it('makes room for others when there are too many (F11)', async () => {
    const { port, pipes } = await serveWith({ timeout: 10_000, unknown: 3 });
    const strangers = [];
    for (let i = 0; i < 3; i++) {
      strangers.push(stranger(port).resume());
      await once(strangers[i], 'data');
    }
    const closed = closing(strangers[0]);
    const near = new TCPPipeAdapter({ port, token }).createDuplex();
    await closed;
    await until(() => pipes.length === 1);
    assert.deepEqual(
      strangers.map(({ closed: isClosed }) => isClosed),
      [true, false, false],
    );
    near.destroy();
  });

  it('counts until its connection is closed, also when it was refused (F11)', async () => {
    const own = net.createServer();
    const { port, errors } = await serveWith({ timeout: 10_000, unknown: 2 }, own);
    const init = encodeStart({ pipe: 1, token: 'a guess' });
    const head = Buffer.from('00000000020100000000000000000000', 'hex');
    head.writeUInt32LE(init.length);
    const padding = Buffer.alloc(-init.length & 7);
    const strangers = [];
    for (let i = 0; i < 3; i++) {
      const one = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      strangers.push(one.on('error', () => {}));
      endings.push(() => void one.destroy());
      const hello = await new Promise((resolve) => one.once('data', resolve));
      hello[22] = 1; // of a host
      one.write(Buffer.concat([hello, head, init, padding]));
      await until(() => errors.length === i + 1);
    }
    const connections = await new Promise((resolve) =>
      own.getConnections((error, count) => resolve(count)),
    );
    assert.equal(connections, 2);
    for (const { name } of errors) assert.equal(name, 'HandshakeError');
  });

  it('is turned away by close(), which does not wait for it', async () => {
    const { port, server } = await serveWith({ timeout: 10_000, unknown: 3 });
    const silent = stranger(port);
    await once(silent, 'data');
    await server.close();
    await closing(silent.resume());
  });
});
