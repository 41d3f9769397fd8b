'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { createWorker } = require('hawser');
const { buildWorker } = require('../c/run');

const STOPPED = 7; // exit codes of late.c
const TOLD = 8;

describe('the SDK of native workers, late', () => {
  let program;
  const workers = [];
  const start = async (argv, options) => {
    const worker = await createWorker({ driver: 'native', script: program, argv, ...options });
    workers.push(worker);
    return worker;
  };
  /** The code with which it ends when the host shuts it down. */
  const shutDown = async (worker) => {
    const exit = once(worker, 'exit');
    await worker.shutdown();
    return (await exit)[0];
  };

  before(async function () {
    this.timeout(120_000);
    program = await buildWorker(['test/e2e/native/late.c'], 'address,undefined');
  });
  afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.terminate())));

  it('ends when a handler returns that had answered before', async () => {
    const worker = await start(['threads=2']);
    assert.equal(await worker.send('early'), 'early');
    assert.equal(await shutDown(worker), 0);
  });

  it('takes the next message of post() when one was answered between two turns', async () => {
    const worker = await start(['own'], { highWaterMark: { messages: 1 } });
    for (let i = 0; i < 3; i++) worker.post('keep');
    assert.equal(await worker.send('early'), 'early');
  });

  it('hears events while max_concurrency makes requests wait', async () => {
    const worker = await start(['max=1']);
    const kept = worker.send('keep');
    const next = worker.send('early');
    worker.notify('go', 5);
    assert.equal(await kept, 5);
    assert.equal(await next, 'early');
  });

  it('refuses an item of a pipe that is over maxMessageBytes of the host', async () => {
    const worker = await start([], { maxMessageBytes: 4096 });
    assert.equal(await worker.send('longItem'), 'HWR_ETOOBIG');
    assert.equal(await worker.send('early'), 'early');
  });

  it('ends at once where it was stopped before it was open', async () => {
    await assert.rejects(start(['stopped']), { message: new RegExp(`exit code ${STOPPED}`) });
  });

  it('sets threads free that wait for a pipe when it is destroyed in the middle', async () => {
    const worker = await start(['own', 'threads=1']);
    const exit = once(worker, 'exit');
    const items = (async function* () {
      await exit;
      yield 1;
    })();
    const call = worker.send('wait', items).catch(({ code }) => code);
    await once(worker.events, 'waits');
    worker.notify('leave');
    assert.equal((await exit)[0], 0);
    assert.equal(await call, 'ERR_HAWSER_CRASHED');
  });

  it('tells the program of a pipe that ends with the worker', async () => {
    const worker = await start([]);
    worker.openPipe('open').on('error', () => {});
    await worker.send('early');
    assert.equal(await shutDown(worker), TOLD);
  });

  it('runs nothing behind on_shutdown while its answers are sent', async () => {
    const worker = await start([]);
    const exit = once(worker, 'exit');
    const call = worker.send('bigAndStop');
    await new Promise(setImmediate);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100); // nothing is read meanwhile
    worker.post('mark');
    assert.equal((await call).length, 8 << 20);
    assert.equal((await exit)[0], 0);
  });
});
