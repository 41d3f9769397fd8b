'use strict';

/** Streaming calls when their worker ends, restarts or is left alone. The rest: test/conformance/streams.js. */

const assert = require('node:assert/strict');
const { once } = require('node:events');
const path = require('node:path');
const { outcomeOf } = require('./outcomes');
const { scratch, starter } = require('./started');

const script = path.join(__dirname, '../conformance/workers/streams.js');
const MOST_STREAMS = 1024;
const OVERLOADED = { code: 'ERR_HAWSER_OVERLOADED' };
const range = (count) => Array.from({ length: count }, (_, i) => i);

async function* sourceOf(items) {
  yield* items;
}

/** An endless source that tells when it is left. */
function endless() {
  const source = {};
  source.left = new Promise((resolve) => {
    source.items = (async function* () {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        resolve();
      }
    })();
  });
  return source;
}

describe('streaming calls', () => {
  const start = starter();
  const write = scratch();

  it('that are given up while they wait leave no stream behind', async () => {
    const worker = await start(script, { highWaterMark: { messages: 1 } });
    const running = worker.send('never').catch(() => {});
    for (let round = 0; round < 4; round++) {
      const controller = new AbortController();
      const { signal } = controller;
      const all = range(MOST_STREAMS / 4).flatMap(() => [
        outcomeOf(worker.stream('generator', 1, { signal })),
        outcomeOf(worker.stream('doubles', sourceOf([1]), { signal })),
      ]);
      controller.abort('enough');
      for (const { error } of await Promise.all(all))
        assert.ok(error === 'enough' || error.code === OVERLOADED.code);
      await worker.ping();
      await worker.ping();
    }
    const last = worker.stream('generator', 1, { timeout: 20 });
    assert.equal((await outcomeOf(last)).error.phase, 'queue');
    await worker.terminate();
    await running;
  });

  it('give what came before terminate(), and then WorkerClosedError', async () => {
    const worker = await start(script);
    const stream = worker.stream('endless');
    await once(stream, 'readable');
    const waiting = stream.readableLength;
    assert.ok(waiting > 0);
    const ended = worker.terminate();
    const { items, error } = await outcomeOf(stream);
    assert.ok(items.length >= waiting);
    assert.equal(error.code, 'ERR_HAWSER_CLOSED');
    await ended;
  });

  it('that nobody listens to are closed silently by terminate()', async () => {
    const worker = await start(script);
    const stream = worker.stream('endless');
    await worker.send('plain');
    const closed = new Promise((resolve) => stream.resume().on('close', resolve));
    await worker.terminate();
    await closed;
    assert.equal(stream.errored, null);
  });

  it('leave the source of a payload when the worker dies', async () => {
    const worker = await start(script);
    const source = endless();
    const lost = worker.send('holds', source.items);
    await worker.send('plain');
    process.kill(worker.pid, 'SIGKILL');
    await assert.rejects(lost, { code: 'ERR_HAWSER_CRASHED', messageType: 'holds' });
    await source.left;
  });

  it('are not tried again, nor do they wait for the next worker', async () => {
    const worker = await start(script, { unexpectedShutdown: { strategy: 'retry' } });
    const restarting = new Promise((resolve) => {
      worker.on('state', (state) => state === 'restarting' && resolve());
    });
    const lost = outcomeOf(worker.stream('exits', 10));
    const source = endless();
    const lostPayload = worker.send('holds', source.items);
    await restarting;
    const { error: early } = await outcomeOf(worker.stream('generator', 1));
    assert.equal(early.code, 'ERR_HAWSER_CRASHED');
    assert.equal(early.messageType, 'generator');
    const { items, error } = await lost;
    assert.deepEqual(items, range(10));
    assert.equal(error.messageType, 'exits');
    await assert.rejects(lostPayload, { code: 'ERR_HAWSER_CRASHED' });
    await source.left;
    await once(worker, 'ready');
    assert.deepEqual(await outcomeOf(worker.stream('generator', 2)), { items: [0, 1] });
  });

  it('that wait in their middleware when a shutdown begins are finished', async () => {
    const worker = await start(script);
    worker.use(() => new Promise((resolve) => setImmediate(resolve)));
    const stream = outcomeOf(worker.stream('doubles', sourceOf([1, 2])));
    await worker.shutdown();
    assert.deepEqual(await stream, { items: [2, 4] });
  });

  it('end with WorkerClosedError when the worker is left alone, and go on when it is joined again', async () => {
    const socketPath = path.join(write({}), 'worker');
    const worker = await start(script, { socketPath, detached: true });
    const source = endless();
    const stream = worker.stream('doubles', source.items);
    await once(stream, 'readable');
    const waiting = stream.readableLength;
    const left = worker.disconnect();
    const { items, error } = await outcomeOf(stream);
    assert.ok(items.length >= waiting && items.every((item, i) => item === 2 * i));
    assert.equal(error.code, 'ERR_HAWSER_CLOSED');
    await source.left;
    await left;
    assert.equal((await outcomeOf(worker.stream('generator', 1))).error.code, 'ERR_HAWSER_CLOSED');
    await worker.reconnect();
    assert.deepEqual(await outcomeOf(worker.stream('generator', 2)), { items: [0, 1] });
  });

  it('stand beside pipes, of which an onPipe that rejects destroys one', async () => {
    const worker = await start(script);
    const { error } = await outcomeOf(worker.openPipe('refused'));
    assert.equal(error.code, 'E_FAR');
    assert.deepEqual(await outcomeOf(worker.stream('generator', 2)), { items: [0, 1] });
  });
});
