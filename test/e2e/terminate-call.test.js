'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { setTimeout: delay } = require('node:timers/promises');
const { starter } = require('./started');

const TERMINATE = { abort: 'terminate', grace: 20 };

for (const transport of ['shm', 'socket']) {
  describe(`abort 'terminate', over ${transport}`, () => {
    const starting = starter();
    const start = (options) => starting('hangs.js', { transport, stdio: 'ignore', ...options });

    /** Send what does not end, and abort it when it runs. */
    async function abortWhenRuns(worker, type, options) {
      const controller = new AbortController();
      const runs = once(worker.events, 'runs');
      const call = worker.send(type, undefined, { signal: controller.signal, ...options });
      await runs;
      controller.abort();
      await assert.rejects(call, { name: 'AbortError' });
    }

    for (const type of ['busy', 'never']) {
      it(`replaces a worker whose handler does not end in its grace: ${type}`, async () => {
        const worker = await start();
        const seen = [];
        for (const name of ['exit', 'restart', 'ready', 'error'])
          worker.on(name, (...args) => seen.push([name, ...args]));
        await once(worker, 'ready');
        const before = worker.pid;
        const ready = once(worker, 'ready');
        await abortWhenRuns(worker, type, TERMINATE);
        const other = assert.rejects(worker.send('never'), {
          code: 'ERR_HAWSER_CRASHED',
          messageType: 'never',
          reason: { type: 'exit', code: null, signal: 'SIGKILL' },
        });
        await ready;
        await other;
        assert.equal(await worker.send('pid'), worker.pid);
        assert.notEqual(worker.pid, before);
        assert.deepEqual(seen, [['ready'], ['exit', null, 'SIGKILL'], ['restart', 1], ['ready']]);
      });
    }

    it('replaces it after a timeout too', async () => {
      const worker = await start();
      const restarted = once(worker, 'restart');
      const call = worker.send('busy', undefined, { timeout: 50, ...TERMINATE });
      await assert.rejects(call, { code: 'ERR_HAWSER_TIMEOUT', phase: 'run' });
      await restarted;
      assert.equal(await worker.send('echo', 1), 1);
    });

    it('lets calls of the strategy retry try again, and keeps what is sent meanwhile', async () => {
      const worker = await start({
        unexpectedShutdown: { untilAborted: { strategy: 'retry' } },
      });
      const controller = new AbortController();
      const running = once(worker.events, 'runs');
      const kept = worker.send('untilAborted', undefined, { signal: controller.signal });
      await running;
      const again = once(worker, 'restart').then(() => once(worker.events, 'runs'));
      await abortWhenRuns(worker, 'busy', TERMINATE);
      await again;
      controller.abort();
      await assert.rejects(kept, { name: 'AbortError' });
    });

    it('takes calls of any strategy while the worker is replaced', async () => {
      const worker = await start();
      const restarted = once(worker, 'restart');
      await abortWhenRuns(worker, 'never', TERMINATE);
      await restarted;
      assert.equal(worker.state, 'restarting');
      assert.equal(await worker.send('echo', 'waits'), 'waits');
    });

    it('leaves a worker alone whose handler ends in time', async () => {
      const worker = await start();
      const { pid } = worker;
      const patient = { abort: 'terminate', grace: 1000 };
      for (let i = 0; i < 3; i++) await abortWhenRuns(worker, 'untilAborted', patient);
      await delay(1100); // past the grace
      assert.equal(await worker.send('pid'), pid);
      assert.equal(worker.state, 'ready');
    });

    it('leaves it alone where the call had never left, or was answered', async () => {
      const worker = await start({ highWaterMark: { messages: 1 } });
      const { pid } = worker;
      const running = once(worker.events, 'runs');
      const first = new AbortController();
      const blocking = worker.send('untilAborted', undefined, { signal: first.signal });
      await running;
      const second = new AbortController();
      const queued = worker.send('never', 1, { signal: second.signal, ...TERMINATE });
      const late = worker.send('never', 1, { timeout: 1, ...TERMINATE });
      second.abort();
      await assert.rejects(queued, { name: 'AbortError' });
      await assert.rejects(late, { code: 'ERR_HAWSER_TIMEOUT', phase: 'queue' });
      await delay(3 * TERMINATE.grace);
      first.abort();
      await assert.rejects(blocking, { name: 'AbortError' });
      const third = new AbortController();
      assert.equal(await worker.send('echo', 1, { signal: third.signal, ...TERMINATE }), 1);
      third.abort();
      await delay(3 * TERMINATE.grace);
      assert.equal(await worker.send('pid'), pid);
    });

    it('leaves it alone without abort, whatever the grace', async () => {
      const worker = await start();
      const { pid } = worker;
      await abortWhenRuns(worker, 'never', { grace: 0 });
      await abortWhenRuns(worker, 'never', { abort: 'cooperative', grace: 0 });
      await delay(3 * TERMINATE.grace);
      assert.equal(await worker.send('pid'), pid);
    });

    it('replaces it again, and the grace of the one before means nothing to the next', async () => {
      const worker = await start();
      const long = { abort: 'terminate', grace: 300 };
      const restarted = once(worker, 'restart');
      await abortWhenRuns(worker, 'never', long);
      await abortWhenRuns(worker, 'never', TERMINATE);
      await restarted;
      await once(worker, 'ready');
      const { pid } = worker;
      await delay(400);
      assert.equal(worker.pid, pid);
      const again = once(worker, 'restart');
      await abortWhenRuns(worker, 'busy', TERMINATE);
      await again;
      assert.equal(await worker.send('echo', 1), 1);
    });

    it('is over with the worker: a shutdown does not start another', async () => {
      const worker = await start();
      const seen = [];
      worker.on('restart', () => seen.push('restart'));
      await abortWhenRuns(worker, 'busy', { abort: 'terminate', grace: 50 });
      await worker.shutdown({ timeout: 200 });
      assert.equal(worker.state, 'closed');
      assert.deepEqual(seen, []);
    });

    it('is refused where it asks for what there is not', async () => {
      const worker = await start({ handlers: { any: () => 1 } });
      await assert.rejects(worker.send('askHost', { abort: 'terminate' }), {
        code: 'ERR_HAWSER_UNSUPPORTED',
      });
      assert.equal(await worker.send('askHost', { abort: 'cooperative' }), 1);
    });
  });
}
