'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { starter } = require('./started');

const numbers = (count) => [...Array(count).keys()];

for (const transport of ['shm', 'socket']) {
  describe(`maxConcurrency, over ${transport}`, () => {
    const starting = starter();
    const start = (maxConcurrency, options) =>
      starting('limited.js', { transport, workerData: maxConcurrency, ...options });

    for (const limit of [1, 3]) {
      it(`of ${limit} lets so many handlers run, the others start in the order of the calls`, async () => {
        const worker = await start(limit);
        await Promise.all(numbers(100).map((i) => worker.send('slow', i)));
        const { started, most } = await worker.send('seen');
        assert.equal(most, limit);
        assert.deepEqual(started, numbers(100));
      });
    }

    it('left out limits nothing', async () => {
      const worker = await start();
      await Promise.all(numbers(20).map((i) => worker.send('slow', i)));
      assert.ok((await worker.send('seen')).most > 3);
    });

    it('counts posts, and handlers that throw, at once or later', async () => {
      const worker = await start(1);
      const calls = ['failAtOnce', 'fail', 'failAtOnce', 'fail', 'slow'].map((type, i) => {
        worker.post('slow', `post ${i}`);
        return worker.send(type, String(i));
      });
      const settled = await Promise.allSettled(calls);
      const messages = settled.slice(0, 4).map(({ reason }) => reason.message);
      assert.deepEqual(messages, ['0', '1', '2', '3']);
      const { started, most } = await worker.send('seen');
      assert.equal(most, 1);
      assert.deepEqual(started, ['post 0', 'post 1', '1', 'post 2', 'post 3', '3', 'post 4', '4']);
    });

    it('keeps the message credit of what waits until it has settled', async () => {
      const worker = await start(1, { highWaterMark: { messages: 4 } });
      const held = worker.send('held');
      const calls = numbers(50).map((i) => worker.send('slow', i));
      await worker.ping();
      assert.equal(worker.stats().queued, 51 - 4);
      process.kill(worker.pid, 'SIGUSR2');
      await held;
      await Promise.all(calls);
      assert.deepEqual((await worker.send('seen')).started, numbers(50));
    });

    it('never starts what was aborted while it waited, and starts what waited behind it', async () => {
      const worker = await start(1);
      const held = worker.send('held');
      const controller = new AbortController();
      const { signal } = controller;
      const given = numbers(3).map(() => worker.send('quick', 'aborted', { signal }));
      const behind = worker.send('quick', 'behind');
      const sync = async () => {
        worker.notify('sync');
        await once(worker.events, 'synced');
      };
      await sync();
      controller.abort();
      for (const call of given) await assert.rejects(call, { name: 'AbortError' });
      await sync();
      process.kill(worker.pid, 'SIGUSR2');
      await held;
      await behind;
      assert.deepEqual((await worker.send('seen')).started, ['behind']);
    });

    it('does not start what waited until its caller had given up, but starts a post', async () => {
      const worker = await start(1);
      const held = worker.send('held');
      const late = worker.send('quick', 'late', { timeout: 20 });
      worker.post('quick', 'post');
      await assert.rejects(late, { code: 'ERR_HAWSER_TIMEOUT', timeout: 20 });
      await worker.ping(); // the worker has it
      process.kill(worker.pid, 'SIGUSR2');
      await held;
      assert.deepEqual((await worker.send('seen')).started, ['post']);
    });

    it('makes a shutdown wait for what waits', async () => {
      const worker = await start(1);
      const calls = numbers(5).map((i) => worker.send('slow', i));
      await worker.shutdown();
      assert.equal((await Promise.all(calls)).length, 5);
    });

    it('starts what waited in an async context of its own', async () => {
      const worker = await start(1);
      const stores = await Promise.all(numbers(5).map((i) => worker.send('slow', i)));
      assert.deepEqual(stores, Array(5).fill(undefined));
    });

    it('starts ten thousand that waited for one, one after the other', async () => {
      const worker = await start(1);
      const held = worker.send('held');
      const calls = numbers(10_000).map((i) => worker.send('quick', i));
      await worker.ping();
      process.kill(worker.pid, 'SIGUSR2');
      await held;
      await Promise.all(calls);
      assert.deepEqual((await worker.send('seen')).started, numbers(10_000));
    });
  });
}
