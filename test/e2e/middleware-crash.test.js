'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const path = require('node:path');
const { scratch, starter } = require('./started');

const RETRY = { unexpectedShutdown: { strategy: 'retry' } };

/** Resolves when its process has died and the next one is not ready. */
async function inRestart(worker) {
  const restarting = once(worker, 'restart');
  process.kill(worker.pid, 'SIGKILL');
  await restarting;
}

for (const transport of ['shm', 'socket']) {
  describe(`a call that middleware has changed, over ${transport}`, () => {
    const starting = starter();
    const write = scratch();
    const start = (options) => starting('names.js', { transport, stdio: 'ignore', ...options });
    const file = () => path.join(write({}), 'file');

    it('is tried again as the middleware left it, under the same tx, with its metadata', async () => {
      const seen = [];
      const worker = await start({
        ...RETRY,
        middleware: ({ kind, tx, message }) => {
          seen.push([kind, tx]);
          return kind === 'request' ? { ...message, changed: true } : undefined;
        },
      });
      const metadata = { trace: 'x' };
      const answer = await worker.send('dieOnce', { file: file() }, { metadata });
      assert.deepEqual(
        seen.map(([kind]) => kind),
        ['request', 'response'],
      );
      const tx = seen[0][1];
      assert.deepEqual(
        answer.map(({ tx, metadata, payload }) => [tx, metadata, payload.changed]),
        Array(2).fill([tx, metadata, true]),
      );
      assert.equal(seen[1][1], tx);
    });

    it('keeps the tx that txIdGenerator gave, asked once', async () => {
      let asked = 0;
      const worker = await start({ ...RETRY, txIdGenerator: () => `mine ${++asked}` });
      const answer = await worker.send('dieOnce', { file: file() });
      assert.deepEqual(
        answer.map(({ tx }) => tx),
        ['mine 1', 'mine 1'],
      );
    });

    it('passes it before it waits for the next worker', async () => {
      const worker = await start({
        ...RETRY,
        middleware: ({ kind, message }) => (kind === 'request' ? `${message}!` : undefined),
      });
      await inRestart(worker);
      const call = worker.send('tell', 'waits', { metadata: { a: 'b' } });
      assert.equal(worker.state, 'restarting');
      const { payload, metadata } = await call;
      assert.deepEqual([payload, metadata], ['waits!', { a: 'b' }]);
    });

    it('is not charged a try for a worker that died before its middleware was done', async () => {
      const gates = {};
      const worker = await start({
        unexpectedShutdown: { dieOnce: { strategy: 'retry' } },
        middleware: ({ kind, type }) =>
          kind === 'request' ? new Promise((open) => (gates[type] = open)) : undefined,
      });
      const calls = [worker.send('tell', 1), worker.send('dieOnce', { file: file() })];
      assert.equal(worker.stats().callsInFlight, 2);
      await inRestart(worker);
      gates.tell();
      const told = await calls[0];
      gates.dieOnce();
      const tried = await calls[1];
      assert.equal(told.payload, 1);
      assert.equal(tried.length, 2);
      assert.equal(worker.stats().callsInFlight, 0);
    });

    it('rejects with the crash where its middleware is not done and nothing is retried', async () => {
      const worker = await start({ middleware: () => new Promise(() => {}) });
      const call = assert.rejects(worker.send('tell'), { code: 'ERR_HAWSER_CRASHED' });
      process.kill(worker.pid, 'SIGKILL');
      await call;
      assert.equal(worker.stats().callsInFlight, 0);
    });
  });

  describe(`tx, over ${transport}, of what is made while a worker restarts`, () => {
    const starting = starter();
    const write = scratch();
    const start = (options) =>
      starting('names.js', { transport, stdio: 'ignore', ...RETRY, ...options });

    it('names each post as the host names it', async () => {
      const seen = [];
      const worker = await start({
        middleware: ({ kind, type, tx }) =>
          void (kind === 'request' && type === 'note' && seen.push(tx)),
      });
      await inRestart(worker);
      for (let i = 0; i < 3; i++) worker.post('note', i);
      assert.deepEqual(await worker.send('noted'), seen);
      assert.equal(new Set(seen).size, 3);
    });

    it('is unique where nothing stands in the way, too (P4.19)', async () => {
      const worker = await start();
      worker.post('note', 1);
      const before = await worker.send('noted');
      await inRestart(worker);
      for (let i = 0; i < 3; i++) worker.post('note', i);
      const after = worker.send('noted');
      await after;
      worker.post('note', 3);
      const names = [...before, ...(await worker.send('noted'))];
      for (const tx of names) assert.match(tx, /^[0-9a-f]{32}-0-\d+-post$/);
      assert.equal(new Set(names).size, 5);
    });

    it('of a call that is tried again is the one that it had', async () => {
      const worker = await start();
      const answer = await worker.send('dieOnce', { file: path.join(write({}), 'file') });
      assert.equal(answer.length, 2);
      assert.equal(answer[1].tx, answer[0].tx);
      assert.match(answer[0].tx, /^[0-9a-f]{32}-\d+-\d+$/);
    });
  });
}
