'use strict';

const assert = require('node:assert/strict');
const { getEventListeners } = require('node:events');
const { setImmediate: turn } = require('node:timers/promises');
const v8 = require('node:v8');
const vm = require('node:vm');
const { hostStarter, isGone } = require('./processes');
const { starter } = require('./started');

v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc');

const KIBIBYTE = 1024;
const AT_ONCE = 1000;
const range = (count) => Array.from({ length: count }, (_, i) => i);

async function heapUsed() {
  for (let i = 0; i < 3; i++) {
    await turn();
    collectGarbage();
  }
  return process.memoryUsage().heapUsed;
}

describe('signal: memory', () => {
  const start = starter();

  it('of 100,000 calls with one signal is given back, and no listener stays', async () => {
    const worker = await start('aborts.js', { execArgv: ['--expose-gc'] });
    const { signal } = new AbortController();
    const ask = async (count) => {
      for (let i = 0; i < count; i += AT_ONCE)
        await Promise.all(range(AT_ONCE).map(() => worker.send('echo', i, { signal })));
    };
    await ask(20_000);
    const before = await heapUsed();
    await ask(80_000);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    const growth = (await heapUsed()) - before;
    assert.ok(growth < 512 * KIBIBYTE, `the heap grew by ${growth} bytes`);
  });

  for (const aborts of [false, true]) {
    const what = aborts ? 'that have aborted' : 'whose calls were answered';
    it(`keeps none of the signals ${what}, and the worker neither`, async () => {
      const worker = await start('aborts.js', { execArgv: ['--expose-gc'] });
      const ask = async (count) => {
        const controllers = range(count).map(() => new AbortController());
        const calls = controllers.map(({ signal }) =>
          worker.send(aborts ? 'untilAborted' : 'echo', { id: 0 }, { signal }),
        );
        if (aborts) controllers.forEach((controller) => controller.abort());
        await Promise.allSettled(calls);
        return controllers.map(({ signal }) => new WeakRef(signal));
      };
      const first = await ask(AT_ONCE);
      await heapUsed();
      const workerBefore = await worker.send('heapUsed');
      for (let i = 0; i < 10; i++) await ask(AT_ONCE);
      await heapUsed();
      assert.equal(first.filter((ref) => ref.deref()).length, 0);
      const growth = (await worker.send('heapUsed')) - workerBefore;
      assert.ok(growth < 512 * KIBIBYTE, `the heap of the worker grew by ${growth} bytes`);
    });
  }
});

describe('signal of a handler', () => {
  const startHost = hostStarter();

  it('aborts when the host was killed', async () => {
    const host = startHost('waits.js', 'sayAborted', 'inherit', 'aborts.js');
    const pid = await host.next();
    assert.equal(await host.next(), 'sayAborted');
    host.child.kill('SIGKILL');
    assert.equal(await host.next(), 'aborted');
    await isGone(pid);
  });
});
