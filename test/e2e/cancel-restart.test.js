'use strict';

const assert = require('node:assert/strict');
const { getEventListeners, once } = require('node:events');
const path = require('node:path');
const { setImmediate: turn } = require('node:timers/promises');
const { scratch, starter } = require('./started');

const RETRY = { unexpectedShutdown: { strategy: 'retry' } };

/** Resolves when its process has died and the next one is not ready. */
async function inRestart(worker) {
  const restarting = once(worker, 'restart');
  process.kill(worker.pid, 'SIGKILL');
  await restarting;
}

for (const transport of ['shm', 'socket']) {
  describe(`signal of a call that outlives its worker, over ${transport}`, () => {
    const starting = starter();
    const write = scratch();
    const start = (options) =>
      starting('names.js', { transport, stdio: 'ignore', ...RETRY, ...options });
    const reason = new Error('enough');

    /** Nothing of its calls is left, nor of their signal. */
    const assertNothingLeft = (worker, signal) => {
      assert.equal(getEventListeners(signal, 'abort').length, 0);
      const { callsInFlight, queued } = worker.stats();
      assert.deepEqual({ callsInFlight, queued }, { callsInFlight: 0, queued: 0 });
    };

    it('rejects what waits for the next worker, which never sees it', async () => {
      const worker = await start();
      await inRestart(worker);
      const { signal, abort } = controllerOf(reason);
      const calls = [1, 2, 3].map((i) => worker.send('count', i, { signal }));
      const kept = worker.send('count', 4);
      assert.equal(worker.stats().queued, 4);
      abort();
      for (const call of calls) await assert.rejects(call, reason);
      assert.equal(await kept, 1);
      assertNothingLeft(worker, signal);
    });

    it('lets go of what waits at once, however many there are', async () => {
      const worker = await start();
      await inRestart(worker);
      const body = Buffer.alloc(1024 * 1024);
      for (let i = 0; i < 100; i++) {
        const { signal, abort } = controllerOf(reason);
        const call = worker.send('count', body, { signal });
        abort();
        await assert.rejects(call, reason);
      }
      assert.equal(worker.state, 'restarting'); // and never too much for it
      assert.equal(worker.stats().queued, 0);
      assert.equal(await worker.send('count'), 1);
    });

    it('rejects what was in a worker that died, which the next one never sees', async () => {
      const worker = await start();
      const { signal, abort } = controllerOf(reason);
      const call = worker.send('never', undefined, { signal });
      const other = worker.send('dieOnce', { file: path.join(write({}), 'file') });
      await once(worker, 'restart');
      abort();
      await assert.rejects(call, reason);
      assert.equal((await other).length, 2);
      assert.equal(await worker.send('aborted'), 0);
      assertNothingLeft(worker, signal);
    });

    it('aborts the handler in the second worker', async () => {
      const worker = await start();
      const { signal, abort } = controllerOf(reason);
      const call = worker.send('never', undefined, { signal });
      await worker.send('count');
      await inRestart(worker);
      await once(worker, 'ready');
      abort();
      await assert.rejects(call, reason);
      assert.equal(await worker.send('aborted'), 1);
      assertNothingLeft(worker, signal);
    });

    it('rejects what its middleware has not let through, which is never sent', async () => {
      let open;
      const opened = new Promise((resolve) => (open = resolve));
      const worker = await start({
        middleware: ({ kind, message }) =>
          kind === 'request' && message === 'held' ? opened : undefined,
      });
      const { signal, abort } = controllerOf(reason);
      const call = worker.send('count', 'held', { signal });
      abort();
      await assert.rejects(call, reason);
      open();
      await turn();
      assert.equal(await worker.send('count'), 1);
      assertNothingLeft(worker, signal);
    });

    it('rejects what has its answer, but not yet through the middleware', async () => {
      const worker = await start();
      const { signal, abort } = controllerOf(reason);
      worker.use(({ kind }) => {
        if (kind !== 'response') return undefined;
        setImmediate(abort);
        return new Promise(() => {});
      });
      await assert.rejects(worker.send('count', 1, { signal }), reason);
      assertNothingLeft(worker, signal);
    });

    it('that aborts in a getter of its own payload sends nothing of it', async () => {
      const worker = await start();
      const { signal, abort } = controllerOf(reason);
      const payload = {
        get itself() {
          abort();
          return 1;
        },
      };
      await assert.rejects(worker.send('count', payload, { signal }), reason);
      assert.equal(await worker.send('count'), 1);
      assertNothingLeft(worker, signal);
    });

    it('rejects at once when it has aborted before', async () => {
      const worker = await start();
      const signal = AbortSignal.abort(reason);
      await assert.rejects(worker.send('count', 1, { signal }), reason);
      worker.use(() => assert.fail('no middleware sees it'));
      await assert.rejects(worker.send('count', 1, { signal }), reason);
      assert.equal(worker.stats().callsSent, 0);
    });
  });

  describe(`a worker that was started again, over ${transport}`, () => {
    const starting = starter();
    const start = (options) =>
      starting('names.js', { transport, stdio: 'ignore', ...RETRY, ...options });

    it('asks its host, whose handlers for the one before are told that it is gone', async () => {
      const seen = [];
      const worker = await start({
        handlers: {
          double: (n) => n * 2,
          wait: (n, { signal, tx }) => {
            seen.push(tx);
            return new Promise((resolve) =>
              signal.addEventListener('abort', () => resolve(seen.push('aborted'))),
            );
          },
        },
      });
      worker.post('ask', ['wait', 1]);
      assert.equal(await worker.send('ask', ['double', 2]), 4);
      await inRestart(worker);
      assert.match(seen[0], /^[0-9a-f]{32}-\d+-\d+$/);
      assert.deepEqual(seen.slice(1), ['aborted']);
      assert.equal(await worker.send('ask', ['double', 3]), 6);
    });

    it('gets the events that waited for it, in order with posts, and emits its own', async () => {
      const worker = await start();
      await inRestart(worker);
      const emitted = once(worker.events, 'told');
      for (let i = 0; i < 3; i++) {
        assert.equal(worker.notify('tell', i), true);
        worker.post('hear', `post ${i}`);
      }
      assert.throws(() => worker.notify('tell', () => {}), { code: 'ERR_HAWSER_SERIALIZE' });
      assert.throws(() => worker.notify(5), { name: 'TypeError' });
      assert.deepEqual(await worker.send('heard'), [0, 'post 0', 1, 'post 1', 2, 'post 2']);
      assert.deepEqual(await emitted, [0]);
    });

    it('bounds the events that wait for it as it bounds posts', async () => {
      const worker = await start({ highWaterMark: { messages: 2 } });
      await inRestart(worker);
      const accepted = Array.from({ length: 9 }, (_, i) => worker.notify('hear', i));
      assert.deepEqual(accepted, [true, true, ...Array(7).fill(false)]);
      assert.throws(() => worker.notify('hear'), { code: 'ERR_HAWSER_OVERLOADED' });
      await once(worker, 'drain');
      assert.deepEqual(await worker.send('heard'), [...Array(9).keys()]);
    });
  });
}

function controllerOf(reason) {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort(reason) };
}
