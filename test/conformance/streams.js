'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const path = require('node:path');
const { pipeline } = require('node:stream/promises');
const { Writable } = require('node:stream');
const { outcomeOf } = require('../e2e/outcomes');
const { describeStreamPayloads } = require('./stream-payloads');
const picky = require('./workers/picky');
const upsideDown = {
  ...picky,
  deserialize: (text) => (text === '' ? undefined : JSON.parse(text)),
};

const script = path.join(__dirname, 'workers', 'streams.js');
const MOST_STREAMS = 1024;
const WINDOW_ITEMS = 1024;
const MEBIBYTE = 1024 * 1024;
const range = (count) => Array.from({ length: count }, (_, i) => i);
const FAR = { name: 'RangeError', code: 'E_FAR', message: 'too far', limit: 7 };
const OVERLOADED = { code: 'ERR_HAWSER_OVERLOADED' };

async function first(stream, count) {
  const items = [];
  for await (const item of stream) if (items.push(item) === count) return items;
  return items;
}

function describeStreams(start) {
  describe('stream()', () => {
    describeItems((options) => start({ script, ...options }));
    describeFailures((options) => start({ script, ...options }));
    describeLeaving((options) => start({ script, ...options }));
    describeWaiting((options) => start({ script, ...options }));
    describeBounds((options) => start({ script, ...options }));
    describeEnds((options) => start({ script, ...options }));
  });
  describeStreamPayloads((options) => start({ script, ...options }));
}

function describeItems(start) {
  it('gives the items of a generator, of whatever else gives items, or of its promise', async () => {
    const worker = await start();
    for (const type of ['generator', 'readable', 'promised', 'web', 'custom']) {
      for (const count of [0, 1, 3000]) {
        assert.deepEqual(
          await outcomeOf(worker.stream(type, count)),
          { items: range(count) },
          type,
        );
      }
    }
    assert.deepEqual(await worker.send('noted'), []); // nobody left what had ended
    assert.equal(worker.stats().callsInFlight, 0);
  });

  it('carries undefined and what looks like a message of ours, and refuses null', async () => {
    const worker = await start();
    const values = [undefined, { type: 'end' }, false, 0, '', [null]];
    assert.deepEqual(await outcomeOf(worker.stream('yields', values)), { items: values });
    const { items, error } = await outcomeOf(worker.stream('yields', [1, null, 2]));
    assert.deepEqual(items, [1]);
    assert.equal(error.code, 'ERR_STREAM_NULL_VALUES');
  });

  it('is a Readable that can be piped', async () => {
    const worker = await start();
    const got = [];
    const sink = new Writable({
      objectMode: true,
      write: (item, _, done) => done(got.push(item) && null),
    });
    await pipeline(worker.stream('generator', 3000), sink);
    assert.deepEqual(got, range(3000));
  });

  it('is one of many at once, each with its own items', async () => {
    const worker = await start();
    const counts = range(200).map((i) => i * 7);
    const all = await Promise.all(
      counts.map((count) => outcomeOf(worker.stream('generator', count))),
    );
    all.forEach(({ items }, i) => assert.deepEqual(items, range(counts[i])));
  });

  it('has progress, events, tx and metadata as a call has', async () => {
    const worker = await start();
    const progress = [];
    const emitted = once(worker.events, 'event');
    const metadata = { traceparent: '00' };
    const options = { metadata, onProgress: (value) => progress.push(value) };
    const { items } = await outcomeOf(worker.stream('about', null, options));
    assert.equal(items[0], true);
    assert.deepEqual({ ...items[1], tx: '' }, { tx: '', type: 'about', metadata });
    assert.match(items[1].tx, /./);
    assert.deepEqual(progress, ['half']);
    assert.deepEqual(await emitted, ['of it']);
  });

  it('is seen by middleware as a request and its response, without the items', async () => {
    const worker = await start();
    const seen = [];
    worker.use(
      ({ direction, kind, type, message }) => void seen.push([direction, kind, type, message]),
    );
    assert.deepEqual(await outcomeOf(worker.stream('generator', 2)), { items: [0, 1] });
    const expected = [
      ['send', 'request', 'generator', 2],
      ['receive', 'response', 'generator', undefined],
    ];
    assert.deepEqual(seen, expected);
  });

  it('carries items of new shapes though a long queue is before their definitions (P11.16)', async () => {
    const worker = await start();
    const body = Buffer.alloc(MEBIBYTE);
    async function* shapes() {
      yield { n: 0 };
      await gate;
      for (let i = 0; i < 2000; i++) yield { n: 1, [`key ${i % 20}`]: 'x' };
    }
    let open;
    const gate = new Promise((resolve) => (open = resolve));
    const sum = worker.send('sum', shapes());
    await worker.send('plain');
    await worker.send('plain');
    const calls = range(16).map(() => worker.send('plain', body));
    open();
    assert.equal(await sum, 2000);
    await Promise.all(calls);
  });

  for (const serializer of ['json', 'v8', 'raw']) {
    it(`carries items with the serializer '${serializer}', both ways`, async () => {
      const worker = await start({ serializer });
      const items = range(20).map((i) => (serializer === 'raw' ? Buffer.from([i]) : { i }));
      const source = async function* () {
        yield* items;
      };
      if (serializer === 'raw') {
        assert.equal(
          (await outcomeOf(worker.stream('collect', source()))).error.code,
          'ERR_HAWSER_UNSUPPORTED',
        );
        const { error } = await outcomeOf(worker.stream('endless'));
        assert.equal(error.code, 'ERR_HAWSER_SERIALIZE');
        return;
      }
      assert.deepEqual(await worker.send('collect', source()), items);
      assert.deepEqual(await outcomeOf(worker.stream('yields', items)), { items });
    });
  }

  it('refuses what JSON makes null of, instead of ending there', async () => {
    const worker = await start({ serializer: 'json' });
    async function* source() {
      yield 1;
      yield NaN;
      yield 2;
    }
    const { got, code } = await worker.send('outcome', source());
    assert.equal(code, 'ERR_STREAM_NULL_VALUES');
    assert.ok(got.length <= 1);
  });

  it("carries items with a serializer of the user's own", async () => {
    const worker = await start({ serializer: upsideDown, workerData: { isPicky: true } });
    assert.deepEqual(await outcomeOf(worker.stream('generator', 9)), { items: range(9) });
    const { message } = await worker.send('outcome', sourceOf([1, { unreadable: true }, 2]));
    assert.match(message, /nobody can read that/);
  });
}

async function* sourceOf(items) {
  yield* items;
}

function describeFailures(start) {
  it('gives all items and then the error of the handler', async () => {
    const worker = await start();
    for (const type of ['throws', 'brokenReadable']) {
      const { items, error } = await outcomeOf(worker.stream(type, 3000));
      // A Readable that fails has dropped what nobody had read of it.
      if (type === 'throws') assert.deepEqual(items, range(3000));
      else assert.ok(items.every((item, i) => item === 2999 - i));
      assert.ok(error instanceof RangeError);
      const { name, code, message, limit } = error;
      assert.deepEqual({ name, code, message, limit }, FAR);
    }
  });

  it('gives the error of a handler that gives nothing', async () => {
    const worker = await start();
    const codes = {
      throwsAtOnce: 'E_FAR',
      throws: 'E_FAR',
      destroyed: 'ERR_STREAM_PREMATURE_CLOSE',
      destroyedWithError: 'E_FAR',
      lockedWeb: 'ERR_INVALID_STATE',
      noIterator: undefined,
      plain: 'ERR_HAWSER_UNSUPPORTED',
      missing: 'ERR_HAWSER_UNKNOWN_TYPE',
    };
    for (const [type, code] of Object.entries(codes)) {
      const { items, error } = await outcomeOf(worker.stream(type));
      assert.deepEqual(items, [], type);
      assert.equal(error.code, code, type);
    }
    assert.deepEqual(await outcomeOf(worker.stream('generator', 1)), { items: [0] });
  });

  it('is what a handler that streams is for: send() and post() are refused', async () => {
    const errors = [];
    const worker = await start({ stdio: 'pipe' });
    for (const type of ['endless', 'silentReadable'])
      await assert.rejects(worker.send(type), { code: 'ERR_HAWSER_UNSUPPORTED' });
    assert.deepEqual(await worker.send('noted'), ['left']); // that of the Readable
    assert.equal(await worker.send('running'), 0);
    worker.stderr.on('data', (text) => errors.push(String(text)));
    const [text] = await Promise.all([once(worker.stderr, 'data'), worker.post('endless')]);
    assert.match(String(text), /post\(\) to a handler that streams/);
  });

  it('names the path of an item that cannot travel, and the generator is left', async () => {
    const worker = await start();
    const { items, error } = await outcomeOf(worker.stream('cannotClone'));
    assert.deepEqual(items, [1]);
    assert.equal(error.code, 'ERR_HAWSER_SERIALIZE');
    assert.equal(error.path, 'payload.list[1].fn');
    assert.deepEqual(await worker.send('noted'), ['left']);
  });

  it('of a payload that cannot travel fails, and so often that no stream may be left behind', async () => {
    const worker = await start();
    for (let i = 0; i < 3; i++) {
      const all = range(MOST_STREAMS / 2).map(() => outcomeOf(worker.stream('plain', { fn() {} })));
      for (const { error } of await Promise.all(all)) assert.equal(error.path, 'payload.fn');
      await worker.ping();
      await worker.ping();
    }
    assert.deepEqual(await outcomeOf(worker.stream('generator', 1)), { items: [0] });
  });

  it('of a payload that the worker cannot read fails', async () => {
    const worker = await start({ serializer: upsideDown, workerData: { isPicky: true } });
    const { error } = await outcomeOf(worker.stream('generator', { unreadable: true }));
    assert.match(error.message, /nobody can read that/);
  });
}

function describeLeaving(start) {
  for (const type of [
    'endless',
    'silentGenerator',
    'silentReadable',
    'silentWeb',
    'silentCustom',
  ]) {
    it(`that is left ends its source: ${type}`, async () => {
      const worker = await start();
      const stream = worker.stream(type).on('error', () => {});
      if (type === 'endless') await first(stream, 10);
      await worker.send('plain');
      stream.destroy();
      await worker.send('whenNoted', 'left');
      assert.equal(worker.stats().callsInFlight, 0);
    });
  }

  it('that is left before it has begun asks nobody', async () => {
    const worker = await start();
    worker.use(() => new Promise((resolve) => setImmediate(resolve)));
    const stream = worker.stream('endless');
    stream.destroy();
    await once(stream, 'close');
    assert.equal(await worker.send('produced'), 0);
  });

  it('whose signal aborts fails with its reason, and what waits is not given', async () => {
    const worker = await start();
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    const stream = worker.stream('endless', 0, { signal: controller.signal });
    await first(stream.iterator({ destroyOnReturn: false }), 10);
    controller.abort(reason);
    assert.deepEqual(await outcomeOf(stream), { items: [], error: reason });
    await worker.send('whenNoted', 'left');
  });

  it('whose signal is aborted, or aborts in its middleware, fails and sends nothing', async () => {
    const worker = await start();
    const signal = AbortSignal.abort(null);
    const { error } = await outcomeOf(worker.stream('endless', null, { signal }));
    assert.equal(error.name, 'AbortError');
    const controller = new AbortController();
    worker.use(async () => controller.abort('in the middle'));
    const late = worker.stream('endless', null, { signal: controller.signal });
    assert.equal((await outcomeOf(late)).error, 'in the middle');
    assert.equal(await worker.send('produced'), 0);
  });

  it('whose signal aborts behind its end is as it was', async () => {
    const worker = await start();
    const controller = new AbortController();
    const stream = worker.stream('generator', 3, { signal: controller.signal });
    await worker.send('plain');
    await worker.send('plain');
    controller.abort();
    assert.deepEqual(await outcomeOf(stream), { items: [0, 1, 2] });
  });

  it('that lasts too long fails with TimeoutError, and its source is left', async () => {
    const worker = await start();
    const { error } = await outcomeOf(worker.stream('silentReadable', 0, { timeout: 20 }));
    assert.equal(error.code, 'ERR_HAWSER_TIMEOUT');
    assert.equal(error.phase, 'run');
    await worker.send('whenNoted', 'left');
  });
}

function describeWaiting(start) {
  it('is refused where 1,024 are open, and taken again when they are over', async () => {
    const worker = await start();
    const open = range(MOST_STREAMS).map(() => worker.stream('silentReadable'));
    const { error } = await outcomeOf(worker.stream('generator', 1));
    assert.equal(error.code, OVERLOADED.code);
    await assert.rejects(worker.send('sum', sourceOf([1])), OVERLOADED);
    for (const stream of open) stream.on('error', () => {}).destroy();
    assert.equal(worker.stats().callsInFlight, 0);
    await worker.ping();
    await worker.ping();
    const again = range(MOST_STREAMS).map(() => outcomeOf(worker.stream('generator', 1)));
    for (const { items } of await Promise.all(again)) assert.deepEqual(items, [0]);
  });

  it('holds its place among those that run until its last item is sent', async () => {
    const worker = await start({ workerData: { maxConcurrency: 1 } });
    const stream = worker.stream('endless');
    await first(stream.iterator({ destroyOnReturn: false }), 10);
    let isAnswered = false;
    const next = worker.send('plain').then(() => (isAnswered = true));
    await worker.ping();
    await worker.ping();
    assert.equal(isAnswered, false);
    stream.destroy();
    await next;
  });

  it('may be asked for by a getter of a payload, with any payload of its own', async () => {
    const worker = await start();
    const inner = [];
    const payload = {
      before: 1,
      get streams() {
        inner.push(outcomeOf(worker.stream('generator', 3)), worker.send('sum', sourceOf([1, 2])));
        inner.push(outcomeOf(worker.stream('doubles', sourceOf([1, 2]))));
        return 2;
      },
      behind: 'x'.repeat(1000),
    };
    const plain = { before: 1, streams: 2, behind: payload.behind };
    assert.deepEqual(await worker.send('plain', payload), plain);
    assert.deepEqual(await Promise.all(inner), [{ items: [0, 1, 2] }, 3, { items: [2, 4] }]);
    inner.length = 0;
    assert.deepEqual(await outcomeOf(worker.stream('yields', [payload])), { items: [plain] });
    assert.equal((await Promise.all(inner))[1], 3);
  });

  for (const serializer of ['structured', 'json', 'of the user']) {
    it(`and pipes may be used while a value is serialized: ${serializer}`, async () => {
      const inner = {};
      const act = () => {
        if (inner.isOver) return;
        inner.isOver = true;
        inner.opened = worker.openPipe('late', { objectMode: true });
        inner.opened.end('late');
        objects.end({ a: 1 });
        bytes.end(Buffer.alloc(200_000, 'b'));
        inner.stream = outcomeOf(worker.stream('generator', 2));
      };
      const own = {
        ...upsideDown,
        serialize: (value) => (value?.acts && act(), picky.serialize(value)),
      };
      const isOwn = serializer === 'of the user';
      const options = { serializer: isOwn ? own : serializer, workerData: { isPicky: isOwn } };
      const worker = await start(options);
      const objects = worker.openPipe('objects', { objectMode: true });
      const bytes = worker.openPipe('bytes');
      await worker.ping();
      const payload = { acts: true, toJSON: () => (act(), { acts: true }) };
      if (serializer === 'structured') {
        delete payload.toJSON;
        Object.defineProperty(payload, 'acts', { enumerable: true, get: () => (act(), true) });
      } else if (isOwn) delete payload.toJSON;
      assert.deepEqual(await worker.send('plain', payload), { acts: true });
      assert.deepEqual(await outcomeOf(objects), { items: [{ a: 1 }] });
      assert.deepEqual(await outcomeOf(inner.opened), { items: ['late'] });
      const { items } = await outcomeOf(bytes);
      assert.ok(Buffer.concat(items).equals(Buffer.alloc(200_000, 'b')));
      assert.deepEqual(await inner.stream, { items: [0, 1] });
    });
  }
}

function describeBounds(start) {
  for (const [bytes, most] of [
    [undefined, WINDOW_ITEMS + 4096],
    [64 * 1024, 32],
  ]) {
    it(`that nobody reads stops its generator, of items of ${bytes ?? 'few'} bytes (R3)`, async () => {
      const worker = await start();
      const stream = worker.stream('endless', bytes);
      await once(stream, 'readable');
      let before;
      let now = 0;
      do {
        before = now;
        for (let i = 0; i < 5; i++) await worker.ping();
        now = await worker.send('produced');
      } while (now !== before);
      assert.ok(now <= most, `${now} items`);
      const got = await first(stream, now + 100);
      assert.deepEqual(
        got.map(({ n }) => n),
        range(now + 100),
      );
      await worker.send('whenNoted', 'left');
    });
  }
}

function describeEnds(start) {
  it('is finished by a shutdown', async () => {
    const worker = await start();
    const stream = worker.stream('generator', 20_000);
    const items = await first(stream.iterator({ destroyOnReturn: false }), 10);
    const closed = worker.shutdown({ timeout: 0 });
    for await (const item of stream) {
      items.push(item);
      if (item % 100 === 0) await new Promise(setImmediate);
    }
    await closed;
    assert.deepEqual(items, range(20_000));
    const { error } = await outcomeOf(worker.stream('generator', 1));
    assert.equal(error.code, 'ERR_HAWSER_CLOSED');
  });

  it('gives what came before a crash, and then WorkerCrashedError', async () => {
    const worker = await start();
    const stream = worker.stream('exits', 100);
    await once(worker, 'exit');
    const { items, error } = await outcomeOf(stream);
    assert.deepEqual(items, range(100));
    assert.equal(error.code, 'ERR_HAWSER_CRASHED');
    assert.equal(error.messageType, 'exits');
    assert.equal(error.reason.code, 3);
  });
}

module.exports = { describeStreams };
