'use strict';

const assert = require('node:assert/strict');
const { starter } = require('./started');

for (const transport of ['shm', 'socket']) {
  describe(`send with metadata, over ${transport}`, () => {
    const starting = starter();
    const start = (options) => starting('context.js', { transport, ...options });

    it("reaches the handler's ctx.metadata, which else is undefined", async () => {
      const worker = await start();
      const metadata = {
        traceparent: '00-aa-bb-01',
        '': 'empty key',
        empty: '',
        __proto: 'x',
        'naïve ☃': '☃'.repeat(200),
      };
      Object.defineProperty(metadata, '__proto__', { value: 'data', enumerable: true });
      assert.deepEqual((await worker.send('context', 1, { metadata })).metadata, metadata);
      assert.equal((await worker.send('context', 1)).metadata, undefined);
      assert.equal((await worker.send('context', 1, { metadata: {} })).metadata, undefined);
    });

    it('leaves payload, deadline and order as they are', async () => {
      const worker = await start();
      const payloads = [undefined, null, { a: [1n] }, Buffer.alloc(300_000, 'z'), 'x'.repeat(9000)];
      const metadata = { k: 'v' };
      const calls = payloads.map((payload) =>
        worker.send('context', payload, { metadata, timeout: 60_000 }),
      );
      for (const [i, answer] of (await Promise.all(calls)).entries()) {
        assert.deepEqual(answer.payload, payloads[i]);
        assert.deepEqual(answer.metadata, metadata);
        assert.ok(answer.left <= 60_000);
        assert.equal(answer.number, i);
      }
    });

    it('of the largest size travels with any payload, a thousand times', async () => {
      const worker = await start();
      const metadata = Object.fromEntries(
        Array.from({ length: 64 }, (_, i) => [`key ${i + 10}`, 'v'.repeat(64 - 6)]),
      );
      const calls = Array.from({ length: 1000 }, (_, i) =>
        worker.send('context', 'p'.repeat(i), { metadata }),
      );
      for (const [i, answer] of (await Promise.all(calls)).entries()) {
        assert.equal(answer.payload.length, i);
        assert.deepEqual(answer.metadata, metadata);
      }
    });

    it('of the largest size travels without a payload, whatever room there is', async () => {
      const worker = await start();
      const metadata = { k: 'v'.repeat(4095) };
      for (let round = 0; round < 20; round++) {
        const calls = Array.from({ length: 500 }, (_, i) => [
          worker.send('size', 'p'.repeat((i * 8) % 1016)),
          worker.send('size', undefined, { metadata }),
        ]);
        for (const [i, size] of (await Promise.all(calls.flat())).entries())
          assert.equal(size, i % 2 ? 4095 : 0);
      }
    });

    it('counts for maxMessageBytes, with a payload or without', async () => {
      const worker = await start({ maxMessageBytes: 1024 });
      const metadata = { k: 'v'.repeat(1024) };
      for (const payload of [undefined, 1]) {
        const call = worker.send('context', payload, { metadata });
        await assert.rejects(call, { code: 'ERR_HAWSER_TOO_LARGE' });
      }
      assert.equal((await worker.send('context', 2)).payload, 2);
    });

    it('sent by a getter of a payload with metadata arrives behind it', async () => {
      const worker = await start();
      let inner;
      const payload = {
        get now() {
          inner = worker.send('context', 'inner', { metadata: { of: 'inner' } });
          return 'outer';
        },
      };
      const outer = await worker.send('context', payload, { metadata: { of: 'outer' } });
      assert.deepEqual([outer.metadata.of, outer.payload.now], ['outer', 'outer']);
      const answer = await inner;
      assert.deepEqual([answer.metadata.of, answer.payload], ['inner', 'inner']);
      assert.ok(answer.number > outer.number);
    });
  });

  describe(`txIdGenerator, over ${transport}`, () => {
    const starting = starter();
    const start = (options) => starting('context.js', { transport, ...options });

    it('names the calls on both sides, and else the session does (P2.9)', async () => {
      const given = [];
      const seen = [];
      const worker = await start({
        txIdGenerator: (message) => `${message.type} ☃ ${given.push(message.payload)}`,
        middleware: ({ tx }) => void seen.push(tx),
      });
      const answers = await Promise.all([worker.send('context', 'a'), worker.send('context', 'b')]);
      assert.deepEqual(
        answers.map(({ tx }) => tx),
        ['context ☃ 1', 'context ☃ 2'],
      );
      assert.deepEqual(seen.slice().sort(), [
        'context ☃ 1',
        'context ☃ 1',
        'context ☃ 2',
        'context ☃ 2',
      ]);
      assert.deepEqual(given, ['a', 'b']);
    });

    it('of the worker names what its parent is asked, whenever that was loaded', async () => {
      const handlers = { name: (_, { tx }) => tx };
      for (const workerData of ['before', 'after']) {
        const worker = await starting('names-calls.js', { transport, workerData, handlers });
        assert.deepEqual(await worker.send('ask'), ['name 1 of a', 'name 2 of b']);
      }
    });

    it('names posts too', async () => {
      const worker = await start({ txIdGenerator: () => 'posted' });
      worker.post('note', 1);
      assert.deepEqual(await worker.send('noted'), ['posted']);
    });

    for (const [what, tx, name] of [
      ['no string', 5, 'TypeError'],
      ['an empty string', '', 'RangeError'],
      ['more than 255 bytes', '☃'.repeat(86), 'RangeError'],
    ]) {
      it(`that gives ${what} fails that call alone`, async () => {
        const names = [tx, 'good'];
        const worker = await start({ txIdGenerator: () => names.shift() });
        await assert.rejects(worker.send('context', 1), { name });
        assert.equal((await worker.send('context', 1)).tx, 'good');
        assert.equal(worker.stats().callsInFlight, 0);
      });
    }

    it('that throws fails that call alone', async () => {
      const worker = await start({
        txIdGenerator: ({ payload }) => {
          if (payload === 'bad') throw new EvalError('no name');
          return 'named';
        },
      });
      await assert.rejects(worker.send('context', 'bad'), { name: 'EvalError' });
      assert.throws(() => worker.post('note', 'bad'), { name: 'EvalError' });
      assert.equal((await worker.send('context', 1)).tx, 'named');
    });
  });
}

describe('metadata that send refuses', () => {
  const start = starter();
  const many = (count, of) => Object.fromEntries([...Array(count).keys()].map((i) => [i, of]));
  const cases = [
    ['no object', 5, 'TypeError', /metadata must be an object, got 5/],
    ['null', null, 'TypeError', /metadata must be an object, got null/],
    ['an array', ['a'], 'TypeError', /metadata must be an object/],
    ['with a number', { a: 1 }, 'TypeError', /metadata\.a must be a string, got 1/],
    ['with 65 keys', many(65, ''), 'RangeError', /at most 64 keys .* got 65/],
    ['of 4097 bytes', { a: 'x'.repeat(4096) }, 'RangeError', /4096 bytes, got 1 and 4097/],
    ['with a long key', { ['k'.repeat(256)]: '' }, 'RangeError', /key of metadata .* 255/],
  ];
  for (const [what, metadata, name, message] of cases) {
    it(`is what is ${what}, and the worker goes on (P2.10)`, async () => {
      const worker = await start('context.js');
      await assert.rejects(worker.send('context', 1, { metadata }), { name, message });
      assert.equal(worker.stats().callsInFlight, 0);
      assert.equal((await worker.send('context', 2, { metadata: { a: 'b' } })).payload, 2);
    });
  }
});
