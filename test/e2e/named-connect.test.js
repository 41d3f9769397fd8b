'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { connectWorker, createWorker, isWorker, startWorkerServer } = require('hawser');
const { hostStarter, isGone, isRunning, until } = require('./processes');
const { execPath, fixture } = require('./started');
const { knockAt, namedStarter } = require('./named');

const ONCE = { connection: { attempts: 1 } };

const errorOf = (promise) =>
  promise.then(
    () => assert.fail('it resolved'),
    (error) => error,
  );
const countDescriptors = () => fs.readdirSync('/dev/fd').length;
const filesAt = (socketPath) => fs.readdirSync(path.dirname(socketPath)).sort();

describe('connectWorker', () => {
  const { place, connect, create, listen } = namedStarter();

  for (const transport of ['socket', 'shm']) {
    it(`joins a program that listens, over ${transport}, and leaves nothing behind`, async () => {
      const socketPath = place();
      const program = await listen(socketPath);
      const before = countDescriptors();
      const worker = await connect(socketPath, { transport, workerData: 'first' });
      assert.deepEqual(
        [worker.transport, worker.pid, worker.state, worker.isConnected],
        [transport, program.pid, 'ready', true],
      );
      assert.equal(await worker.send('isWorker'), true);
      assert.equal(await worker.send('data'), 'first');
      await worker.shutdown();
      assert.equal(worker.state, 'closed');
      assert.deepEqual(await program.exit, { code: 0, signal: null });
      assert.deepEqual(program.lines, ['onStart', 'listening', 'onShutdown shutdown']);
      assert.deepEqual(filesAt(socketPath), []);
      await until(() => countDescriptors() <= before, `there are ${before} descriptors`);
    });
  }

  it('rejects after so many attempts where nobody listens, naming the last failure', async () => {
    const socketPath = place();
    const connection = { attempts: 3, delay: (attempt) => attempt };
    const error = await errorOf(connect(socketPath, { connection }));
    assert.deepEqual([error.name, error.code], ['WorkerStartError', 'ERR_HAWSER_START']);
    assert.match(error.message, /Failed to connect after 3 attempts: socketPath .*no such file/);
    assert.equal(error.cause.code, 'ENOENT');
  });

  it('joins a worker that begins to listen between two attempts', async () => {
    const socketPath = place();
    const connected = connect(socketPath, { connection: { attempts: 1000, delay: () => 10 } });
    await listen(socketPath);
    assert.equal(await (await connected).send('echo', 1), 1);
  });

  it('rejects with what the delay function says wrong, or throws', async () => {
    for (const delay of [() => NaN, () => assert.fail('Delay function thrown')]) {
      const error = await errorOf(connect(place(), { connection: { delay } }));
      assert.match(error.message, /^Delay function/);
    }
  });

  it('rejects with TimeoutError (connect) where nothing is answered', async () => {
    const socketPath = place();
    const program = await listen(socketPath);
    process.kill(program.pid, 'SIGSTOP');
    for (const timeout of [{ connect: 50 }, { SERVER_CONNECT: 50 }]) {
      const error = await errorOf(connect(socketPath, { timeout }));
      assert.deepEqual(
        [error.code, error.phase, error.timeout],
        ['ERR_HAWSER_TIMEOUT', 'connect', 50],
      );
    }
    process.kill(program.pid, 'SIGCONT');
    assert.equal(await (await connect(socketPath)).send('echo', 1), 1);
  });

  it('rejects with the reason of the signal', async () => {
    const signal = AbortSignal.timeout(20);
    const connection = { attempts: 1000, delay: () => 10 };
    const error = await errorOf(connect(place(), { signal, connection }));
    assert.equal(error.name, 'TimeoutError');
  });

  it('rejects with HandshakeError for another serializer, and the worker waits on', async () => {
    const socketPath = place();
    await listen(socketPath, { serializer: 'json' });
    const error = await errorOf(connect(socketPath, { serializer: 'v8' }));
    assert.equal(error.code, 'ERR_HAWSER_HANDSHAKE');
    assert.match(error.message, /host uses v8, worker uses json/);
    const worker = await connect(socketPath, { serializer: 'json' });
    assert.equal(await worker.send('echo', 1), 1);
  });

  it('refuses a second host with HandshakeError and does not disturb the first', async () => {
    const socketPath = place();
    const worker = await create(socketPath);
    const call = worker.send('never', undefined, { timeout: 0 });
    const error = await errorOf(connect(socketPath, ONCE));
    assert.equal(error.code, 'ERR_HAWSER_HANDSHAKE');
    assert.match(error.message, /Worker has another host/);
    assert.equal(await worker.send('echo', 'first'), 'first');
    assert.equal(worker.state, 'ready');
    call.catch(() => {});
  });

  it('a worker that is killed is crashed, for the connection is all that is known of it', async () => {
    const socketPath = place();
    const program = await listen(socketPath);
    const worker = await connect(socketPath);
    const call = errorOf(worker.send('never'));
    const exit = once(worker, 'exit');
    process.kill(program.pid, 'SIGKILL');
    const error = await call;
    assert.deepEqual([error.code, error.reason.type], ['ERR_HAWSER_CRASHED', 'close']);
    assert.deepEqual(await exit, [null, null]);
    assert.deepEqual([worker.state, worker.pid], ['crashed', undefined]);
    await until(() => filesAt(socketPath).length === 0, 'its file is gone');
  });

  it('with retry joins the worker that comes in the place of the one that died', async () => {
    const socketPath = place();
    const program = await listen(socketPath);
    const connection = { attempts: 1000, delay: () => 10 };
    const unexpectedShutdown = { strategy: 'retry' };
    const worker = await connect(socketPath, { connection, unexpectedShutdown });
    await once(worker, 'ready');
    const ready = once(worker, 'ready');
    process.kill(program.pid, 'SIGKILL');
    await program.exit;
    const next = await listen(socketPath);
    await ready;
    assert.equal(worker.pid, next.pid);
    assert.equal(await worker.send('echo', 1), 1);
  });

  it('terminate ends the worker that it has joined', async () => {
    const socketPath = place();
    const program = await listen(socketPath);
    const worker = await connect(socketPath);
    await worker.terminate();
    assert.deepEqual(await program.exit, { code: null, signal: 'SIGTERM' });
    assert.equal(worker.state, 'closed');
    assert.deepEqual(filesAt(socketPath), []);
  });

  it('needs a socketPath, and no script', async () => {
    for (const options of [{}, { socketPath: undefined }, { script: 'x', socketPath: '/x' }]) {
      const error = await errorOf(connectWorker(options));
      assert.equal(error.name, 'TypeError');
    }
  });
});

describe('disconnect', () => {
  const { place, connect, create, listen } = namedStarter();

  it('leaves the worker running; calls reject, and events are told', async () => {
    const socketPath = place();
    const worker = await create(socketPath);
    const { pid } = worker;
    const told = [];
    for (const event of ['state', 'disconnect', 'exit'])
      worker.on(event, (...args) => told.push([event, ...args]));
    const call = errorOf(worker.send('never'));
    const left = worker.disconnect();
    assert.equal(worker.state, 'disconnected');
    assert.equal(worker.disconnect() instanceof Promise, true);
    const error = await call;
    assert.equal(error.code, 'ERR_HAWSER_CLOSED');
    assert.match(error.message, /Disconnected from worker/);
    await left;
    assert.deepEqual(told, [['state', 'disconnected', 'ready'], ['disconnect']]);
    assert.deepEqual([worker.isActive, worker.isConnected, worker.pid], [true, false, pid]);
    const late = await errorOf(worker.send('echo', 1));
    assert.deepEqual([late.code, late.message], ['ERR_HAWSER_CLOSED', 'Worker is not connected']);
    assert.ok(isRunning(pid));
    await worker.disconnect();
  });

  it('lets posts that were made before it arrive', async () => {
    const socketPath = place();
    const program = await listen(socketPath);
    const worker = await connect(socketPath);
    worker.post('later');
    await worker.disconnect();
    await program.says('finished'); // a handler may finish without a host
  });

  it('and reconnect come to the same process, with its state', async () => {
    for (const transport of ['socket', 'shm']) {
      const worker = await create(place(), { transport, workerData: 1 });
      const { pid } = worker;
      const told = [];
      for (const event of ['state', 'disconnect', 'reconnect', 'ready'])
        worker.on(event, (now) => told.push(now ?? event));
      for (let i = 0; i < 3; i++) {
        told.length = 0;
        await worker.disconnect();
        await Promise.all([worker.reconnect(), worker.reconnect()]);
        assert.deepEqual(told, [
          'disconnected',
          'disconnect',
          'connecting',
          'ready',
          'reconnect',
          'ready',
        ]);
        assert.deepEqual([worker.pid, worker.transport], [pid, transport]);
        assert.equal(await worker.send('echo', i), i);
      }
      await worker.reconnect();
      assert.equal((await worker.send('about')).workerData, 1);
      assert.equal(worker.stats().callsSent, 4);
      await worker.shutdown();
      assert.equal(worker.state, 'closed');
    }
  });

  it('and reconnect leave nothing behind', async () => {
    const worker = await create(place());
    await worker.disconnect();
    await worker.reconnect();
    const before = countDescriptors();
    for (let i = 0; i < 5; i++) {
      await worker.disconnect();
      await worker.reconnect();
    }
    assert.equal(await worker.send('echo', 1), 1);
    await until(() => countDescriptors() === before, `there are ${before} descriptors`);
  });

  it('and another host: workerData is that of the first (P3.18)', async () => {
    const socketPath = place();
    await listen(socketPath);
    const first = await connect(socketPath, { workerData: 'first' });
    await first.disconnect();
    const second = await connect(socketPath, { workerData: 'second' });
    assert.equal(await second.send('data'), 'first');
    const error = await errorOf(first.reconnect());
    assert.equal(error.code, 'ERR_HAWSER_HANDSHAKE');
    assert.equal(first.state, 'disconnected');
    await second.disconnect();
    await first.reconnect();
    assert.equal(await first.send('echo', 1), 1);
  });

  it('of a worker without a socketPath rejects with ERR_HAWSER_UNSUPPORTED, as reconnect', async () => {
    const worker = await createWorker(fixture('verbs.js'), { execPath });
    for (const verb of ['disconnect', 'reconnect'])
      assert.equal((await errorOf(worker[verb]())).code, 'ERR_HAWSER_UNSUPPORTED');
    assert.equal(await worker.send('echo', 1), 1);
    await worker.shutdown();
  });

  it('does not kill a worker that is busy', async () => {
    const socketPath = place();
    const worker = await create(socketPath);
    const { pid } = worker;
    worker.send('busyFor', 1500).catch(() => {}); // longer than the grace of the watch
    await worker.disconnect();
    assert.ok(isRunning(pid));
    await worker.reconnect();
    assert.equal(await worker.send('echo', 1), 1);
  });

  it('and the death of the worker meanwhile: it is crashed, and reconnect says so', async () => {
    const worker = await create(place());
    await worker.disconnect();
    const exit = once(worker, 'exit');
    worker.ref();
    process.kill(worker.pid, 'SIGKILL');
    await exit;
    assert.equal(worker.state, 'crashed');
    assert.equal((await errorOf(worker.reconnect())).code, 'ERR_HAWSER_CRASHED');
  });
});

describe('startWorkerServer with a socketPath', () => {
  const { place, connect, create, listen } = namedStarter();
  const startHost = hostStarter();

  /** A host that is served, and then killed. */
  async function killHost(socketPath) {
    const host = startHost('joins.js', JSON.stringify({ socketPath }));
    await host.next();
    host.child.kill('SIGKILL');
    await host.exit;
  }

  it('leaves with its host, running onShutdown for the reason disconnect', async () => {
    const socketPath = place();
    const program = await listen(socketPath);
    const host = await knockAt(socketPath);
    host.destroy(); // one that was never served does not count
    await killHost(socketPath);
    assert.deepEqual(await program.exit, { code: 0, signal: null });
    assert.equal(program.lines.at(-1), 'onShutdown disconnect');
    assert.deepEqual(filesAt(socketPath), []);
  });

  it("with disconnectBehavior 'keep-alive' waits for the next host", async () => {
    const socketPath = place();
    const program = await listen(socketPath, { disconnectBehavior: 'keep-alive' });
    for (let i = 0; i < 2; i++) await killHost(socketPath);
    const worker = await connect(socketPath);
    assert.equal(await worker.send('echo', 1), 1);
    assert.equal(worker.pid, program.pid);
    assert.deepEqual(program.lines, ['onStart', 'listening']);
  });

  it('leaves when no host came in time', async () => {
    const socketPath = place();
    const program = await listen(socketPath, { hostConnectTimeout: 30 });
    assert.deepEqual(await program.exit, { code: 0, signal: null });
    assert.match(program.stderr, /hawser: no host came within 30 ms/);
    assert.deepEqual(filesAt(socketPath), []);
  });

  it('leaves when no host came in time after disconnect', async () => {
    const socketPath = place();
    const program = await listen(socketPath, { hostConnectTimeout: 2000 });
    const worker = await connect(socketPath);
    await worker.disconnect();
    assert.deepEqual(await program.exit, { code: 0, signal: null });
  });

  it('runs onShutdown on SIGTERM without ever having had a host', async () => {
    const program = await listen(place());
    process.kill(program.pid, 'SIGTERM');
    assert.deepEqual(await program.exit, { code: null, signal: 'SIGTERM' });
    assert.equal(program.lines.at(-1), 'onShutdown SIGTERM');
  });

  it('rejects with EADDRINUSE where another one listens (F2)', async () => {
    const socketPath = place();
    await listen(socketPath);
    const second = await listen(socketPath, { line: null });
    const { code, message } = await second.says(null);
    assert.equal(code, 'EADDRINUSE');
    assert.match(message, /^socketPath .*: it is in use/);
    assert.equal(await (await connect(socketPath)).send('echo', 1), 1);
  });

  it('is not for a worker that createWorker has started', async () => {
    const socketPath = place();
    const script = fixture('names-itself.js');
    const error = await errorOf(create(socketPath, { script, stdio: 'pipe' }));
    assert.match(error.stderrTail, /'socketPath' is the host's to say/);
  });

  it('is asked for where nobody has started the process', async () => {
    assert.equal(isWorker, false);
    const error = await errorOf(startWorkerServer({}));
    assert.match(error.message, /needs a socketPath/);
  });

  it('refuses what its options cannot be (A6)', async () => {
    for (const [options, part] of [
      [{ socketPath: '' }, 'socketPath'],
      [{ socketPath: place(), disconnectBehavior: 'stay' }, 'disconnectBehavior'],
      [{ socketPath: place(), hostConnectTimeout: -1 }, 'hostConnectTimeout'],
    ])
      assert.match((await errorOf(startWorkerServer({}, options))).message, new RegExp(part));
  });

  it('is gone, with its files, when it is asked to', async () => {
    const socketPath = place();
    const program = await listen(socketPath);
    const worker = await connect(socketPath);
    await worker.shutdown();
    await isGone(program.pid);
    await until(() => filesAt(socketPath).length === 0, 'no file is left');
  });
});
