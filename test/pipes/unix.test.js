'use strict';

const assert = require('node:assert/strict');
const { getEventListeners, once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { Duplex, PassThrough } = require('node:stream');
const { ProtocolError, HandshakeError, TimeoutError, WorkerCrashedError } = require('hawser');
const { connect, createPipeServer, UnixPipeAdapter } = require('hawser/pipes');
const native = require('../../lib/binding');
const { openOver } = require('../../lib/pipes/open-over');
const { collect } = require('../conformance/pipes/ends');
const { failure, gather, surroundings } = require('./serving');

const OBJECTS = { objectMode: true };

function fail() {
  throw new RangeError('not today');
}

describe('UnixPipeAdapter', () => {
  const { folder, serve, run, endings } = surroundings();
  const place = () => path.join(folder(), 'pipe');

  /** What a stranger listens with. */
  async function listen(onSocket) {
    const at = place();
    const server = net.createServer(onSocket).listen(at);
    endings.push(() => void server.close());
    await once(server, 'listening');
    return at;
  }

  it('gives a pipe that may be used at once, named by the path', async () => {
    const at = place();
    const { next } = await serve({ path: at, ...OBJECTS });
    const near = new UnixPipeAdapter(at).createDuplex(OBJECTS);
    near.write({ first: 1 });
    near.end();
    const far = await next();
    assert.deepEqual([near.name, far.name], [at, at]);
    far.end('last');
    assert.deepEqual(await collect(far), [{ first: 1 }]);
    assert.deepEqual(await collect(near), ['last']);
  });

  it('gives any number of pipes, each over a connection of its own', async () => {
    const at = place();
    const { next } = await serve({ path: at, ...OBJECTS });
    const adapter = new UnixPipeAdapter(at);
    for (let i = 0; i < 20; i++) {
      const near = adapter.createDuplex(OBJECTS);
      near.end(i);
      const far = await next();
      assert.deepEqual(await collect(far), [i]);
      far.end();
      assert.deepEqual(await collect(near), []);
    }
  });

  it('opens the pipe in the mode of who connects; the mark of the other mode means nothing', async () => {
    const at = place();
    const { next } = await serve({ path: at, highWaterMark: 5000 });
    const adapter = new UnixPipeAdapter(at);
    for (const [objectMode, mark] of [
      [true, 1024],
      [false, 5000],
    ]) {
      const near = adapter.createDuplex({ objectMode });
      const far = await next();
      assert.equal(far.readableObjectMode && far.writableObjectMode, objectMode);
      assert.equal(far.readableHighWaterMark, mark);
      near.destroy();
    }
  });

  it('pumps with connect(), and what an error destroys is destroyed at both ends', async () => {
    const at = place();
    const { next } = await serve({ path: at });
    const near = new UnixPipeAdapter(at).createDuplex();
    const far = await next();
    const through = new PassThrough();
    const pumped = connect(far, through);
    near.write('hello');
    assert.equal(String((await once(through, 'data'))[0]), 'hello');
    near.destroy(new RangeError('enough'));
    await failure(near);
    await assert.rejects(pumped, RangeError);
    assert.ok(through.destroyed);
  });

  for (const [what, code, prepare] of [
    ['where nothing is', 'ENOENT', () => {}],
    [
      'where nobody listens any more',
      'ECONNREFUSED',
      (at) => fs.closeSync(native.bindSocket(at).fd),
    ],
  ]) {
    it(`destroys the pipe with ${code} ${what} (F9)`, async () => {
      const at = place();
      prepare(at);
      const pipe = new UnixPipeAdapter(at).createDuplex();
      pipe.write('lost');
      assert.equal((await failure(pipe)).code, code);
    });
  }

  for (const [what, say, expected] of [
    ['greets with a line', (socket) => socket.write('220 smtp.example ESMTP\r\n'), ProtocolError],
    ['hangs up', (socket) => socket.end(), HandshakeError],
    ['sends back what it gets', (socket) => socket.pipe(socket), ProtocolError],
  ]) {
    it(`destroys the pipe when the other end ${what}: it does not speak hawser`, async () => {
      const at = await listen((socket) => say(socket.on('error', () => {})));
      const error = await failure(new UnixPipeAdapter(at).createDuplex());
      assert.ok(error instanceof expected, String(error));
    });
  }

  it('destroys the pipe with a TimeoutError when the other end says nothing', async () => {
    const at = await listen((socket) => socket.on('error', () => {}));
    const options = { objectMode: false, highWaterMark: 4096 };
    const error = await failure(openOver(net.connect(at), { name: 'pipe', options, timeout: 50 }));
    assert.ok(error instanceof TimeoutError);
    assert.deepEqual([error.phase, error.timeout], ['connect', 50]);
  });

  it('does not wait for the connection when the pipe is destroyed before', async () => {
    const at = await listen(() => {});
    for (const given of [undefined, new RangeError('no more')]) {
      const pipe = new UnixPipeAdapter(at).createDuplex();
      pipe.destroy(given);
      assert.equal(await failure(pipe), given ?? null);
    }
    const pipe = new UnixPipeAdapter(at).createDuplex({ signal: AbortSignal.abort() });
    assert.equal((await failure(pipe)).name, 'AbortError');
  });

  it('tells readers all that came before its process was killed, then WorkerCrashedError (F9)', async () => {
    const at = place();
    const { child } = await run('serves.js', at, 'flood');
    const pipe = new UnixPipeAdapter(at).createDuplex(OBJECTS);
    const gathered = gather(pipe);
    await once(pipe, 'data');
    child.kill('SIGKILL');
    const { chunks, errored } = await gathered;
    assert.ok(errored instanceof WorkerCrashedError, String(errored));
    assert.equal(errored.reason.type, 'close');
    assert.match(errored.message, /gone/);
    assert.deepEqual(
      chunks,
      Array.from(chunks, (_, i) => i),
    );
  });

  it('gets all from a process that writes, ends and leaves (F10)', async () => {
    const at = place();
    const { child } = await run('serves.js', at, 'leave');
    const pipe = new UnixPipeAdapter(at).createDuplex(OBJECTS);
    pipe.end();
    const { chunks, errored } = await gather(pipe);
    assert.deepEqual([chunks.length, chunks.at(-1), errored], [5000, 4999, null]);
    if (child.exitCode === null) await once(child, 'exit');
    assert.equal(child.exitCode, 0);
    assert.equal(fs.existsSync(at), false);
  });

  it('destroys a pipe of which the other end closes the socket between two messages (F10)', async () => {
    const at = place();
    const { next } = await serve({ path: at, ...OBJECTS });
    const socket = net.connect(at);
    const near = new UnixPipeAdapter(socket).createDuplex(OBJECTS);
    const far = await next();
    near.write('there');
    const [value] = await once(far, 'data');
    socket.destroy();
    assert.equal(value, 'there');
    for (const error of await Promise.all([failure(far), failure(near)]))
      assert.ok(error instanceof WorkerCrashedError, String(error));
  });

  it('takes a byte stream of somebody else, for one pipe', async () => {
    const at = place();
    const { next } = await serve({ path: at, ...OBJECTS });
    const socket = net.connect(at);
    const stream = Duplex.from({ readable: socket, writable: socket }); // as of ssh
    const adapter = new UnixPipeAdapter(stream);
    const near = adapter.createDuplex(OBJECTS);
    assert.throws(() => adapter.createDuplex(OBJECTS), /in use/);
    assert.throws(() => new UnixPipeAdapter(stream).createDuplex(OBJECTS), /in use/);
    near.end([1, 2]);
    const far = await next();
    assert.deepEqual(await collect(far), [[1, 2]]);
    far.end();
    assert.deepEqual(await collect(near), []);
  });

  it('refuses what is neither path nor byte stream', () => {
    for (const value of [undefined, 7, '', 'a\0b', {}]) {
      assert.throws(() => new UnixPipeAdapter(value), TypeError);
    }
    assert.throws(() => new UnixPipeAdapter('/tmp/'.padEnd(200, 'x')), RangeError);
    const objects = new UnixPipeAdapter(new PassThrough({ objectMode: true }));
    assert.throws(() => objects.createDuplex(), /stream of bytes/);
    const ended = new UnixPipeAdapter(new PassThrough().destroy());
    assert.throws(() => ended.createDuplex(), /has ended/);
    const adapter = new UnixPipeAdapter('/nowhere');
    assert.throws(() => adapter.createDuplex({ objectmode: true }), /unknown pipe option/);
  });
});

describe('createPipeServer at a path', () => {
  const { folder, serve, run } = surroundings();

  it('makes a file of mode 0600 in a folder of mode 0700 whatever the umask, and removes it', async () => {
    const parent = folder();
    const at = path.join(parent, 'made', 'pipe');
    const umask = process.umask(0);
    const server = await createPipeServer({ path: at }, () => {});
    process.umask(umask);
    const modes = [at, path.dirname(at)].map((name) => fs.statSync(name).mode & 0o777);
    assert.deepEqual(modes, [0o600, 0o700]);
    assert.equal(server.address(), at);
    await server.close();
    assert.deepEqual(fs.readdirSync(path.dirname(at)), []);
  });

  it('is refused with EADDRINUSE where one listens, or a file is that is not ours', async () => {
    const at = path.join(folder(), 'pipe');
    const { server } = await serve({ path: at });
    await assert.rejects(serve({ path: at }), { code: 'EADDRINUSE' });
    await server.close();
    fs.writeFileSync(at, 'mine');
    await assert.rejects(serve({ path: at }), { code: 'EADDRINUSE' });
    assert.equal(fs.readFileSync(at, 'utf8'), 'mine');
  });

  it('is refused with EPERM in a folder where others may write', async () => {
    const shared = folder();
    fs.chmodSync(shared, 0o777);
    await assert.rejects(serve({ path: path.join(shared, 'pipe') }), { code: 'EPERM' });
  });

  it('replaces the file of a server that was killed', async () => {
    const at = path.join(folder(), 'pipe');
    const { child } = await run('serves.js', at, 'hold');
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.ok(fs.statSync(at).isSocket());
    const { next } = await serve({ path: at });
    new UnixPipeAdapter(at).createDuplex().end('here');
    assert.equal(String(Buffer.concat(await collect((await next()).end()))), 'here');
  });

  it('close() lets open pipes live, and resolves when they are closed', async () => {
    const at = path.join(folder(), 'pipe');
    const { server, next } = await serve({ path: at });
    const near = new UnixPipeAdapter(at).createDuplex();
    const far = await next();
    let isClosed = false;
    const closed = server.close().then(() => (isClosed = true));
    assert.equal(fs.existsSync(at), false);
    assert.equal((await failure(new UnixPipeAdapter(at).createDuplex())).code, 'ENOENT');
    near.end('still there');
    assert.equal(String((await once(far, 'data'))[0]), 'still there');
    assert.equal(isClosed, false);
    far.end();
    near.resume();
    await closed;
  });

  for (const [how, onPipe] of [
    ['throws', () => fail()],
    ['rejects', async () => fail()],
  ])
    it(`an onPipe that ${how} destroys the pipe with that error, at both ends`, async () => {
      const at = path.join(folder(), 'pipe');
      const errors = [];
      const server = await createPipeServer(
        { path: at, onError: (error) => errors.push(error) },
        onPipe,
      );
      const error = await failure(new UnixPipeAdapter(at).createDuplex());
      assert.ok(error instanceof RangeError);
      await server.close();
      assert.equal(errors[0].message, 'not today');
    });

  it('leaves no listener at a signal when it is closed', async () => {
    const { signal } = new AbortController();
    const { server } = await serve({ path: path.join(folder(), 'pipe'), signal });
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    await server.close();
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('closes when its signal aborts, with its pipes', async () => {
    const at = path.join(folder(), 'pipe');
    const controller = new AbortController();
    const { server, next } = await serve({ path: at, signal: controller.signal });
    const near = new UnixPipeAdapter(at).createDuplex();
    const far = await next();
    const ends = [failure(near), failure(far)];
    controller.abort();
    assert.deepEqual(
      (await Promise.all(ends)).map((error) => error.name),
      ['AbortError', 'AbortError'],
    );
    await server.close();
  });

  it('refuses options that cannot be', async () => {
    const nobody = () => {};
    for (const [options, onPipe] of [
      [undefined, nobody],
      [{}, nobody],
      [{ path: 7 }, nobody],
      [{ path: '/x', port: 0 }, nobody],
      [{ path: '/x', token: 'no' }, nobody],
      [{ path: '/x' }, undefined],
      [{ path: '/x', onError: 1 }, nobody],
      [{ path: '/x', objectMode: 'yes' }, nobody],
      [{ server: {} }, nobody],
      [{ port: '80' }, nobody],
      [{ port: 0, tls: true }, nobody],
      [{ port: 0, token: '' }, nobody],
      [{ port: 0, host: '' }, nobody],
    ])
      await assert.rejects(createPipeServer(options, onPipe), TypeError);
    await assert.rejects(createPipeServer({ port: 65_536 }, nobody), RangeError);
  });
});
