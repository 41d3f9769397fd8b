'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const v8 = require('node:v8');
const vm = require('node:vm');
const { createWorker } = require('hawser');
const { execPath } = require('./program');
const { own } = require('./programs/own-codec');

const script = path.join(__dirname, 'workers', 'handlers.js');
const ownScript = path.join(__dirname, 'workers', 'own-codec.js');
const TRANSPORTS = ['shm', 'socket'];
const quiet = () => {};

v8.setFlagsFromString('--expose-gc');
const gc = vm.runInNewContext('gc');

/** Finalizers of native objects run in turns of the loop behind the collection. */
async function collect() {
  for (let i = 0; i < 5; i++) {
    gc();
    await new Promise(setImmediate);
  }
}

const rings = () => fs.readFileSync('/proc/self/maps', 'utf8').match(/memfd:hawser/g)?.length ?? 0;
const segments = () =>
  fs.readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).includes('memfd:hawser')).length;

function linkOf(fd) {
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return ''; // that of the folder itself
  }
}

const itOnLinux = process.platform === 'linux' ? it : it.skip; // looks into /proc

for (const transport of TRANSPORTS) {
  const start = (options) => createWorker({ script, transport, execPath, ...options });
  const startOwn = (hooks) => start({ script: ownScript, serializer: own(hooks) });

  describe(`memory, over ${transport}`, () => {
    it('of a long answer outlives its worker and stays readable (A11)', async () => {
      const kept = [];
      for (let i = 0; i < 5; i++) {
        const worker = await start();
        kept.push(await worker.send('make', 4 << 20), await worker.send('make', 100));
        await worker.terminate();
      }
      await collect();
      for (const bytes of kept) assert.ok(bytes.equals(Buffer.alloc(bytes.length, 'hawser')));
    });

    itOnLinux('goes with the last reference to a worker that has ended (A11)', async () => {
      await collect();
      const before = rings();
      const gone = await (async () => {
        const worker = await start();
        await worker.send('echo', 1);
        await worker.shutdown();
        return new WeakRef(worker);
      })();
      await collect();
      assert.equal(gone.deref(), undefined);
      assert.equal(rings(), before);
    });

    it('of workerData and of a payload that was too large is let go', async () => {
      const { worker, refs } = await (async () => {
        const workerData = { list: [1] };
        const worker = await start({ workerData });
        const large = Buffer.alloc(65 << 20);
        await assert.rejects(worker.send('echo', large), { code: 'ERR_HAWSER_TOO_LARGE' });
        return { worker, refs: [new WeakRef(workerData), new WeakRef(large)] };
      })();
      await collect();
      for (const ref of refs) assert.equal(ref.deref(), undefined);
      await worker.shutdown();
    });

    itOnLinux('takes no descriptors once the worker has it', async () => {
      const before = segments();
      const worker = await start();
      assert.equal(segments(), before);
      await worker.shutdown();
    });

    it('of a worker that nobody holds is kept while a call is open (A11)', async () => {
      const answer = start().then((worker) => {
        const value = worker.send('make', 1 << 20);
        return value.then((bytes) => worker.shutdown().then(() => bytes));
      });
      const timer = setInterval(gc, 1);
      assert.equal((await answer).length, 1 << 20);
      clearInterval(timer);
    });

    it('is collected in the middle of getters, serializers and deliveries without harm (A11)', async () => {
      const worker = await startOwn({ onSerialize: gc, onDeserialize: gc });
      const answers = await Promise.all([1, 2, 3].map((n) => worker.send('echo', { n })));
      assert.deepEqual(answers, [{ n: 1 }, { n: 2 }, { n: 3 }]);
      await worker.shutdown();
      const other = await start();
      const payload = Object.defineProperty({}, 'a', { get: () => gc() ?? 1, enumerable: true });
      assert.deepEqual(await other.send('echo', payload), { a: 1 });
      await other.shutdown();
    });
  });

  describe(`re-entrancy, over ${transport}`, () => {
    const ENDINGS = ['terminate', 'shutdown', 'close'];
    const HOOKS = ['onSerialize', 'onDeserialize'];

    for (const hook of HOOKS) {
      it(`send and post in ${hook} reach the worker in order (A3)`, async () => {
        const inner = [];
        const worker = await startOwn({
          [hook](value) {
            if (value !== 'outer') return;
            inner.push(worker.send('echo', 'inner 1'), worker.send('echo', 'inner 2'));
            worker.post('echo', 'one way');
          },
        });
        assert.equal(await worker.send('echo', 'outer'), 'outer');
        assert.deepEqual(await Promise.all(inner), ['inner 1', 'inner 2']);
        await worker.shutdown();
      });

      for (const ending of ENDINGS) {
        it(`${ending} in ${hook} settles every call once (A3)`, async () => {
          let ended;
          const worker = await startOwn({
            [hook](value) {
              if (value === 'outer') ended = worker[ending]();
            },
          });
          const calls = ['before', 'outer', 'after'].map((value) => worker.send('echo', value));
          const results = await Promise.allSettled(calls);
          for (const { status, reason } of results)
            if (status === 'rejected') assert.equal(reason.code, 'ERR_HAWSER_CLOSED');
          await ended;
          assert.equal(worker.state, 'closed');
        });
      }
    }

    for (const ending of ENDINGS) {
      it(`${ending} in a listener of 'drain' ends the worker (A3)`, async () => {
        const worker = await start({ highWaterMark: { bytes: 4096 } });
        const ended = new Promise((resolve) => {
          worker.once('drain', () => resolve(worker[ending]()));
        });
        while (worker.post('echo', 'x'.repeat(1000))) continue;
        await ended;
        assert.equal(worker.state, 'closed');
      });
    }
  });

  describe(`a throw in the delivery of one answer, over ${transport}`, () => {
    it('rejects that call alone: those before and behind it arrive', async () => {
      const worker = await startOwn({
        onDeserialize(value) {
          if (value === 7) throw new RangeError('not seven');
        },
      });
      const calls = Array.from({ length: 50 }, (_, i) => worker.send('echo', i));
      calls[7].catch(quiet);
      await assert.rejects(calls[7], /not seven/);
      const others = await Promise.all(calls.filter((_, i) => i !== 7));
      assert.equal(others.length, 49);
      await worker.shutdown();
    });
  });

  describe(`what a handler throws, over ${transport}`, () => {
    for (const [type, message] of [
      ['throwNull', /null/],
      ['throwText', /only text/],
      ['throwFrozen', /frozen/],
      ['throwGetter', /^$/],
      ['throwProxy', /./],
    ]) {
      it(`${type}: arrives as an Error, and the worker lives (A10)`, async () => {
        const worker = await start();
        const error = await worker.send(type).catch((reason) => reason);
        assert.ok(error instanceof Error);
        assert.match(error.message, message);
        assert.equal(await worker.send('echo', 1), 1);
        await worker.shutdown();
      });
    }
  });
}
