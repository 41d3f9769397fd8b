'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { createWorker } = require('hawser');
const { heldAtRest, hostStarter, isGone, isRunning, releases, until } = require('./processes');
const { execPath, fixture, scratch } = require('./started');
const { namedStarter } = require('./named');

const errorOf = (promise) =>
  promise.then(
    () => assert.fail('it resolved'),
    (error) => error,
  );
const filesAt = (socketPath) => fs.readdirSync(path.dirname(socketPath));

describe('createWorker with a socketPath', () => {
  const { place, create, listen } = namedStarter();
  const startHost = hostStarter();
  const write = scratch();

  for (const transport of ['socket', 'shm']) {
    it(`answers over ${transport}, and leaves nothing behind`, async () => {
      const first = await create(place(), { transport });
      await first.shutdown();
      const before = await heldAtRest();
      const socketPath = place();
      const worker = await create(socketPath, { transport, workerData: { a: 1 } });
      assert.equal(worker.transport, transport);
      assert.deepEqual((await worker.send('about')).workerData, { a: 1 });
      assert.deepEqual(filesAt(socketPath), ['socket']);
      await worker.shutdown();
      assert.deepEqual(filesAt(socketPath), []);
      await releases(before);
    });
  }

  it('makes the last folder of the path, for this user alone', async () => {
    const socketPath = path.join(path.dirname(place()), 'new', 'socket');
    await create(socketPath);
    assert.equal(fs.statSync(path.dirname(socketPath)).mode & 0o777, 0o700);
    assert.equal(fs.statSync(socketPath).mode & 0o777, 0o600);
  });

  it('takes a path relative to the folder of the host', async () => {
    const socketPath = place();
    const worker = await create(path.relative(process.cwd(), socketPath));
    assert.equal(await worker.send('echo', 1), 1);
    assert.deepEqual(filesAt(socketPath), ['socket']);
  });

  it('waits for a worker that is slow to start, however few attempts it may make', async () => {
    const slow = path.join(write({ 'slow.js': 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);' }), 'slow.js'); // prettier-ignore
    const execArgv = ['--require', slow];
    const worker = await create(place(), { execArgv, connection: { attempts: 1 } });
    assert.equal(await worker.send('echo', 'in time'), 'in time');
  });

  it('rejects with the startup timeout when the worker does not get so far', async () => {
    const script = fixture('import-never-ends.mjs');
    const socketPath = place();
    const error = await errorOf(create(socketPath, { script, timeout: { startup: 400 } }));
    assert.deepEqual([error.code, error.phase], ['ERR_HAWSER_TIMEOUT', 'startup']);
    assert.deepEqual(filesAt(socketPath), []); // of a worker that was killed
  });

  it('rejects with what the script throws', async () => {
    const script = fixture('throws-at-import.js');
    const error = await errorOf(create(place(), { script, stdio: 'ignore' }));
    assert.equal(error.code, 'ERR_HAWSER_START');
    assert.match(error.message, /Worker failed to start/);
  });

  it('rejects when the program cannot be started, and leaves nothing behind (R1)', async () => {
    const before = await heldAtRest();
    const error = await errorOf(create(place(), { execPath: '/no/such/node' }));
    assert.equal(error.code, 'ERR_HAWSER_START');
    await releases(before);
  });

  it('rejects with EADDRINUSE where a worker listens, and does not disturb it (F2)', async () => {
    const socketPath = place();
    const worker = await create(socketPath);
    const error = await errorOf(create(socketPath, { stdio: 'ignore' }));
    assert.equal(error.code, 'ERR_HAWSER_START');
    assert.equal(error.cause.code, 'EADDRINUSE');
    assert.match(error.message, new RegExp(`Worker cannot listen: socketPath ${socketPath}`));
    assert.equal(await worker.send('echo', 1), 1);
  });

  it('removes the file of a worker that was killed', async () => {
    const socketPath = place();
    const worker = await create(socketPath);
    process.kill(worker.pid, 'SIGKILL');
    await once(worker, 'exit');
    assert.deepEqual(filesAt(socketPath), []);
  });

  it('terminate leaves neither process nor file', async () => {
    const socketPath = place();
    const worker = await create(socketPath);
    const { pid } = worker;
    worker.send('loop').catch(() => {});
    await worker.terminate();
    await isGone(pid);
    assert.deepEqual(filesAt(socketPath), []);
  });

  it('starts a worker that died again at the same path, and calls are tried again', async () => {
    const socketPath = place();
    const script = fixture('mortal.js');
    const worker = await create(socketPath, { script, unexpectedShutdown: { strategy: 'retry' } });
    const { pid } = worker;
    const file = path.join(write({}), 'died');
    assert.equal(await worker.send('dieOnce', { file, value: 7 }), 7);
    assert.notEqual(worker.pid, pid);
    assert.deepEqual(filesAt(socketPath), ['socket']);
    await worker.shutdown();
    assert.deepEqual(filesAt(socketPath), []);
  });

  it('removes the file of its own worker only', async () => {
    const socketPath = place();
    const worker = await create(socketPath);
    fs.unlinkSync(socketPath);
    await listen(socketPath);
    await worker.terminate();
    assert.deepEqual(filesAt(socketPath).sort(), ['socket', 'socket.token']);
  });

  it('workers started at the same time in one folder all listen', async () => {
    const folder = path.dirname(place());
    const paths = ['a', 'b', 'c'].map((name) => path.join(folder, name));
    const workers = await Promise.all(paths.map((each) => create(each)));
    assert.deepEqual(await Promise.all(workers.map((worker) => worker.send('echo', 1))), [1, 1, 1]);
  });

  it('of several that are started at one path one listens (F2)', async () => {
    const socketPath = place();
    const started = ['a', 'b', 'c'].map(() => create(socketPath, { stdio: 'ignore' }));
    const settled = await Promise.allSettled(started);
    const [good, ...others] = settled.sort((a) => (a.status === 'fulfilled' ? -1 : 1));
    assert.equal(await good.value.send('echo', 1), 1);
    assert.deepEqual(
      others.map(({ reason }) => reason.cause.code),
      ['EADDRINUSE', 'EADDRINUSE'],
    );
  });

  for (const verb of ['idle', 'loop']) {
    it(`the worker and its file are gone when the host was killed and it was in ${verb} (P3)`, async () => {
      const socketPath = place();
      const host = startHost('names.js', JSON.stringify({ socketPath, verb }));
      const { pid } = await host.next();
      host.child.kill('SIGKILL');
      await host.exit;
      await isGone(pid);
      assert.deepEqual(filesAt(socketPath), []);
    });
  }

  it('a worker whose host was killed before it could connect is gone (P4)', async () => {
    const socketPath = place();
    const host = startHost('names.js', JSON.stringify({ socketPath, halfWay: true }));
    const { pid } = await host.next();
    await until(() => filesAt(socketPath).length > 0, 'it listens');
    host.child.kill('SIGKILL');
    await isGone(pid);
    assert.deepEqual(filesAt(socketPath), []);
  });
});

describe('createWorker with detached', () => {
  const { place, connect, create } = namedStarter();
  const startHost = hostStarter();

  it('needs a socketPath', async () => {
    const script = fixture('verbs.js');
    const error = await errorOf(createWorker({ script, execPath, detached: true }));
    assert.equal(error.name, 'TypeError');
    assert.match(error.message, /'detached' needs a socketPath/);
  });

  it('starts a worker that another host finds when the first was killed', async () => {
    const socketPath = place();
    const host = startHost('names.js', JSON.stringify({ socketPath, detached: true }));
    const { pid } = await host.next();
    host.child.kill('SIGKILL');
    await host.exit;
    const worker = await connect(socketPath);
    assert.equal(worker.pid, pid);
    assert.equal(await worker.send('echo', 'still here'), 'still here');
    await worker.shutdown();
    await isGone(pid);
    assert.deepEqual(filesAt(socketPath), []);
  });

  it('starts a worker that may print when nobody reads it any more', async () => {
    const socketPath = place();
    const options = { socketPath, detached: true, stdio: 'pipe', script: 'prints.js' };
    const host = startHost('names.js', JSON.stringify(options));
    const { pid } = await host.next();
    host.child.kill('SIGKILL');
    await host.exit;
    const worker = await connect(socketPath);
    for (const to of ['out', 'err']) await worker.send('print', { [to]: 'to nobody\n' });
    assert.ok(isRunning(pid));
    await worker.shutdown();
  });

  it('lets the host end when it has disconnected', async () => {
    const socketPath = place();
    const host = startHost('names.js', JSON.stringify({ socketPath, detached: true, leave: true }));
    await host.next();
    assert.deepEqual(await host.exit, { code: 0, signal: null, stderr: '' });
    const worker = await connect(socketPath);
    await worker.shutdown();
  });

  it('keeps the host alive while it is connected, as others do, unless it is told not to', async () => {
    const worker = await create(place(), { detached: true });
    assert.equal(worker.unref(), worker);
    assert.equal(worker.ref(), worker);
    await worker.shutdown();
    assert.equal(worker.state, 'closed');
  });
});
