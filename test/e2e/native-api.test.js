'use strict';

const assert = require('node:assert/strict');
const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { createWorker } = require('hawser');
const { buildWorker } = require('../c/run');
const { isGone } = require('./processes');
const { execPath } = require('./started');

describe('the SDK of native workers', () => {
  let program;
  const workers = [];
  const start = async (options) => {
    const worker = await createWorker({ driver: 'native', script: program, ...options });
    workers.push(worker);
    return worker;
  };

  before(async function () {
    this.timeout(120_000);
    program = await buildWorker(['test/e2e/native/api.c']);
  });
  afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.terminate())));

  it('says that there is no host to a program that was started by hand', () => {
    const run = () => execFileSync(program, { stdio: 'pipe', timeout: 10_000 });
    assert.throws(run, ({ status, stderr }) => {
      assert.equal(status, 3);
      assert.equal(String(stderr), 'HWR_ENOHOST\n');
      return true;
    });
  });

  it('refuses what cannot be before there is a host', async () => {
    const worker = await start();
    const said = await worker.send('beforeStart');
    const refused = Array(7).fill('HWR_EBADARG');
    assert.deepEqual(said, [...refused, 'HWR_ECLOSED', 'HWR_EBADARG']);
  });

  it('refuses answers that the host could not read, which can be given otherwise', async () => {
    const worker = await start({ maxMessageBytes: 4096 });
    const bad = 'HWR_EBADARG';
    const said = await worker.send('wrongAnswers');
    assert.deepEqual(said, [bad, bad, bad, 'HWR_ETOOBIG', bad]);
    assert.equal((await worker.send('about')).type, 'about');
  });

  it('tells the caller of a handler that has not answered, or could not', async () => {
    const worker = await start({ maxMessageBytes: 4096 });
    const message = "the handler of 'ignore' returned without an answer";
    await assert.rejects(worker.send('ignore'), { message });
    await assert.rejects(worker.send('failWithNothing'), { name: 'Error', message: '' });
    await assert.rejects(worker.send('tooBig'), { code: 'ERR_HAWSER_TOO_LARGE' });
    worker.post('ignore');
    assert.equal((await worker.send('about')).type, 'about');
  });

  it('refuses events, calls and pipes that cannot be', async () => {
    const worker = await start();
    const said = await worker.send('wrongCalls');
    const bad = 'HWR_EBADARG';
    const unknown = ['HWR_EUNKNOWN', bad];
    assert.deepEqual(said, [bad, 'ok', bad, bad, ...unknown, bad, bad, bad, bad, bad, bad]);
    const used = await worker.send('wrongPipe');
    const closed = 'HWR_ECLOSED';
    assert.deepEqual(used, ['ok', bad, 'HWR_EAGAIN', bad, 'ok', 'ok', closed, closed]);
  });

  it('keeps a request with its payload until it is answered', async () => {
    const worker = await start();
    const call = worker.send('keep', { kept: ['as', 'it', 'was'] });
    await worker.send('about', 'in its place in the inbox');
    assert.deepEqual(await worker.send('answerKept'), ['HWR_EBADARG', 'ok']);
    assert.deepEqual(await call, { kept: ['as', 'it', 'was'] });
  });

  it('frees what the program keeps when the worker ends', async () => {
    const worker = await start();
    const call = worker.send('keep', 1).catch(({ code }) => code);
    await worker.send('about');
    await worker.shutdown({ timeout: 50 });
    assert.match(await call, /^ERR_HAWSER_(CLOSED|CRASHED)$/);
  });

  it('tells a handler about its call', async () => {
    const worker = await start({ txIdGenerator: () => 'tx of mine' });
    const metadata = { user: 'x'.repeat(600), empty: '' };
    const about = await worker.send('about', null, { metadata, timeout: 5000 });
    assert.deepEqual(about, {
      type: 'about',
      tx: 'tx of mine',
      user: 'x'.repeat(600),
      empty: '',
      missing: true,
      hasDeadline: true,
      isPost: false,
      isInherited: false,
    });
    const other = await start({ timeout: 0 });
    const { tx, user, hasDeadline } = await other.send('about');
    assert.match(tx, /^[0-9a-f]{32}-\d+-\d+$/);
    assert.deepEqual([user, hasDeadline], ['none', false]);
  });

  it('refuses to start with the error that the program gives', async () => {
    const started = start({ workerData: { refuse: true } });
    await assert.rejects(started, ({ name, cause }) => {
      assert.equal(name, 'WorkerStartError');
      assert.deepEqual(
        [cause.name, cause.code, cause.message],
        ['RangeError', 'E_NO', 'not today'],
      );
      return true;
    });
  });

  it('ends by itself once the program has stopped it', async () => {
    const worker = await start();
    const exit = once(worker, 'exit');
    assert.equal(await worker.send('stop'), 'stopped');
    assert.equal((await exit)[0], 0);
  });

  it('does not run what was given up while it waited for max_concurrency', async () => {
    const worker = await start({ argv: ['1'] });
    const first = worker.send('slowly');
    const others = Array.from({ length: 10 }, () => worker.send('slowly', null, { timeout: 5 }));
    const settled = await Promise.allSettled(others);
    await first;
    assert.ok(settled.some(({ reason }) => reason?.code === 'ERR_HAWSER_TIMEOUT'));
    assert.ok((await worker.send('runs')) < 11);
  });

  it('has each pipe end though its slot is taken again before its last events are met', async () => {
    const worker = await start();
    let closed = 0;
    worker.on('pipe', (pipe) => {
      pipe.on('close', () => closed++).resume();
      for (const value of [1, 2, 3]) pipe.write(value);
      pipe.end();
    });
    const rounds = 40;
    for (let round = 0; round < rounds; round++)
      await Promise.all(Array.from({ length: 50 }, () => worker.send('briefPipe')));
    while (closed < 50 * rounds) await worker.ping();
    assert.equal(await worker.send('pipesEnded'), 50 * rounds);
  });

  it('ends a handler that runs for ever when the host is gone (P3)', async () => {
    const host = spawn(execPath, [path.join(__dirname, 'hosts', 'native-host.js'), program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(host.stdout, 'data');
    const pid = Number(line);
    host.kill('SIGKILL');
    await once(host, 'close');
    await isGone(pid);
  });
});
