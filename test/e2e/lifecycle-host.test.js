'use strict';

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { hostStarter, isGone, isRunning } = require('./processes');
const { execPath, fixture } = require('./started');

const BOOTSTRAP = path.join(__dirname, '..', '..', 'lib', 'worker-main.js');
// What a host tells its worker; the transport is the socket.
const CONFIG = JSON.stringify({
  fds: [3],
  spin: 0,
  maxMessageBytes: 1024 * 1024,
  highWaterMark: { bytes: 1024 * 1024, messages: 1000 },
});

describe('a worker whose host was killed', () => {
  const startHost = hostStarter();

  for (const verb of ['idle', 'never', 'loop', 'block', 'ignoreSignals']) {
    it(`is gone, when it was in ${verb} (P3)`, async () => {
      const host = startHost('waits.js', verb);
      const pid = await host.next();
      assert.equal(await host.next(), verb);
      assert.ok(isRunning(pid));
      host.child.kill('SIGKILL');
      assert.equal((await host.exit).signal, 'SIGKILL');
      await isGone(pid);
    });
  }

  it('has run onShutdown for the reason disconnect', async () => {
    const host = startHost('waits.js', 'idle', 'inherit', 'says-why.js');
    const pid = await host.next();
    assert.equal(await host.next(), 'idle');
    host.child.kill('SIGKILL');
    assert.equal(await host.next(), 'disconnect');
    await isGone(pid);
  });

  it('is gone, when a thread of the host had started it (P3)', async () => {
    const host = startHost('waits-in-thread.js', 'loop');
    const pid = await host.next();
    assert.equal(await host.next(), 'loop');
    host.child.kill('SIGKILL');
    await isGone(pid);
  });

  it('is gone, when it shares no stdio with the host (P3)', async () => {
    const host = startHost('waits.js', 'loop', 'ignore');
    const pid = await host.next();
    assert.ok(isRunning(pid));
    host.child.kill('SIGKILL');
    await isGone(pid);
  });
});

describe('a host that ends without shutdown', () => {
  const startHost = hostStarter();

  const endings = [
    ['unref', "by itself, its worker unref'd", 0],
    ['unrefPending', "by itself, with a call open on its unref'd worker", 0],
    ['exit', 'by process.exit between answers', 5],
    ['exitAtOnce', 'by process.exit behind a thousand calls', 6],
    ['throw', 'by an exception', 1, /a fault of the host/],
    ['throwInDelivery', 'by a rejection', 1, /a fault of the host/],
  ];
  for (const [how, text, code, stderr = /^$/] of endings) {
    it(`${text}, keeps its code and leaves no worker`, async () => {
      const host = startHost('ends.js', how);
      const pid = await host.next();
      const exit = await host.exit;
      assert.deepEqual([exit.code, exit.signal], [code, null], exit.stderr);
      assert.match(exit.stderr, stderr);
      await isGone(pid);
    });
  }
});

describe('ref and unref', () => {
  const startHost = hostStarter();

  const cases = [
    [[], 42],
    [['unref'], 0],
    [['unref', 'ref'], 42],
    [['ref', 'unref', 'unref'], 0],
  ];
  for (const [verbs, code] of cases) {
    const what = code === 0 ? 'lets the host exit' : 'keeps the host alive';
    it(`${verbs.join(', ') || 'neither'} ${what} (A12)`, async () => {
      const host = startHost('stays.js', ...verbs);
      const pid = await host.next();
      const exit = await host.exit;
      assert.equal(exit.code, code, exit.stderr);
      await isGone(pid);
    });
  }
});

describe('a host without descriptors to spare', () => {
  it('gets WorkerStartError, loses none, and has its worker when there are enough (R1)', async () => {
    const host = path.join(__dirname, 'hosts', 'exhausts-descriptors.js');
    const limited = ['-c', 'ulimit -n 64 && exec "$@"', 'sh', execPath, host];
    const { stdout, stderr } = spawnSync('/bin/sh', limited, { encoding: 'utf8', timeout: 15_000 });
    assert.equal(stderr, '');
    const { failures, answer } = JSON.parse(stdout);
    assert.equal(answer, 'started');
    assert.ok(failures.length > 0);
    for (const failure of failures)
      assert.deepEqual(failure, { failed: 'ERR_HAWSER_START', lost: 0 });
  });
});

describe('a worker process without a good host', () => {
  const children = [];
  afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));

  function startAlone(...execArgv) {
    const child = spawn(execPath, [...execArgv, BOOTSTRAP, fixture('verbs.js')], {
      env: { ...process.env, HAWSER_WORKER: CONFIG },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const exit = once(child, 'close');
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    const socket = child.stdio[3];
    socket.on('error', () => {}); // the other end is to go
    return { socket, exit: async () => [...(await exit), stderr] };
  }

  it('exits when the host died before it could connect, and says so (P4)', async () => {
    const { socket, exit } = startAlone();
    socket.destroy();
    const [, , stderr] = await exit();
    assert.match(stderr, /^hawser: no connection to the host/);
  });

  it('exits with 1 when the host says nothing, and says so (P4)', async () => {
    const { exit } = startAlone('--require', fixture('impatient.js'));
    const [code, , stderr] = await exit();
    assert.equal(code, 1);
    assert.match(stderr, /hawser: the host sent no INIT/);
  });

  it('exits with 1 when the host breaks a rule, and names the rule', async () => {
    const { socket, exit } = startAlone();
    socket.write('GET / HTTP/1.1\r\n\r\n');
    const [code, , stderr] = await exit();
    assert.equal(code, 1);
    assert.match(stderr, /hawser: the host broke the protocol \(P\d+\.\d+\)/);
  });
});
