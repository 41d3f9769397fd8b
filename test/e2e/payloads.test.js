'use strict';

const assert = require('node:assert/strict');
const { constants } = require('node:buffer');
const { starter } = require('./started');

const MEBIBYTE = 1024 * 1024;
const GIBIBYTE = 1024 * MEBIBYTE;

describe('a payload', () => {
  const start = starter();

  const detached = () => {
    const bytes = new Uint8Array(8);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    return bytes;
  };
  const refused = {
    'a function': () => {},
    'a symbol': Symbol('s'),
    'a Proxy': new Proxy({}, {}),
    'a Proxy of a function': new Proxy(() => {}, {}),
    'a detached buffer': detached(),
    'a WeakMap': new WeakMap(),
    'a promise': Promise.resolve(1),
    'a MessagePort': new MessageChannel().port1,
    'an object nested too deep': Array.from({ length: 2000 }).reduce((inner) => ({ inner }), null),
  };
  after(() => refused['a MessagePort'].close());

  it('that cannot travel is refused, and nothing else changes (A2)', async () => {
    const worker = await start();
    const expected = { name: 'SerializationError', code: 'ERR_HAWSER_SERIALIZE' };
    for (const [name, value] of Object.entries(refused)) {
      await assert.rejects(worker.send('echo', { value }), expected, name);
      assert.throws(() => worker.post('echo', { value }), expected, name);
      assert.deepEqual(await worker.send('echo', { n: 1 }), { n: 1 });
    }
    assert.equal(worker.stats().callsInFlight, 0);
  });

  it('that is a BigInt, a cycle or resizable arrives (A2)', async () => {
    const worker = await start();
    assert.equal(await worker.send('echo', 2n ** 100n), 2n ** 100n);
    const cycle = {};
    cycle.self = cycle;
    assert.deepEqual(await worker.send('echo', cycle), cycle);
    const resizable = new ArrayBuffer(3, { maxByteLength: 9 });
    const answer = await worker.send('echo', resizable);
    assert.deepEqual([answer.byteLength, answer.maxByteLength, answer.resizable], [3, 9, true]);
  });

  it('with a getter that throws is refused with its path and the cause (A3)', async () => {
    const worker = await start();
    const cause = new Error('no value');
    const payload = {
      list: [
        {
          get bad() {
            throw cause;
          },
        },
      ],
    };
    await assert.rejects(worker.send('echo', payload), { path: 'payload.list[0].bad', cause });
    assert.equal(await worker.send('echo', 1), 1);
  });

  const reentrances = {
    send: (worker) => worker.send('echo', 'inner').catch(() => {}),
    post: (worker) => worker.post('echo', 'inner'),
    ping: (worker) => worker.ping().catch(() => {}),
    stats: (worker) => worker.stats(),
    'ping, where it has given up a call,': (worker) => {
      const controller = new AbortController();
      worker.send('echo', 'inner', { signal: controller.signal }).catch(() => {});
      controller.abort();
      worker.ping().catch(() => {});
    },
    'a send that is refused': (worker) => worker.send('echo', () => {}).catch(() => {}),
  };
  for (const [name, reenter] of Object.entries(reentrances)) {
    it(`with a getter that calls ${name} arrives whole (A3)`, async () => {
      const worker = await start();
      const payload = {
        before: 'b'.repeat(300),
        get in() {
          reenter(worker);
          return 'value';
        },
        after: 'a'.repeat(300),
      };
      assert.deepEqual(await worker.send('echo', payload), { ...payload });
      assert.equal(await worker.send('echo', 1), 1);
    });
  }

  for (const verb of ['shutdown', 'terminate']) {
    it(`with a getter that calls ${verb} settles its call once, and the worker ends (A3)`, async () => {
      const worker = await start();
      let ended;
      const payload = {
        get in() {
          ended ??= worker[verb]();
          return 1;
        },
      };
      await worker.send('echo', payload).then(
        (answer) => assert.deepEqual(answer, { in: 1 }),
        (error) => assert.equal(error.code, 'ERR_HAWSER_CLOSED'),
      );
      await ended;
      assert.equal(worker.state, 'closed');
    });
  }

  it('with a toJSON that sends and then throws is refused, what it sent arrives (A3)', async () => {
    const worker = await start('verbs.js', { serializer: 'json' });
    let inner;
    const payload = {
      toJSON() {
        inner = worker.send('echo', { inner: true });
        throw new Error('no JSON');
      },
    };
    await assert.rejects(worker.send('echo', payload), { code: 'ERR_HAWSER_SERIALIZE' });
    assert.deepEqual(await inner, { inner: true });
  });

  for (const bytes of [10, 5000, 5 * MEBIBYTE]) {
    it(`of ${bytes} bytes is what it was at the call, whatever becomes of it (A4)`, async () => {
      const worker = await start();
      const changed = Buffer.alloc(bytes, 'a');
      const moved = new Uint8Array(bytes).fill(7);
      const calls = [worker.send('echo', changed), worker.send('echo', moved)];
      changed.fill('z');
      structuredClone(moved, { transfer: [moved.buffer] });
      const [first, second] = await Promise.all(calls);
      assert.ok(first.equals(Buffer.alloc(bytes, 'a')));
      assert.ok(Buffer.from(second.buffer).equals(Buffer.alloc(bytes, 7)));
    });
  }

  it('of no bytes arrives as what it was (A5)', async () => {
    const worker = await start();
    for (const value of ['', [], {}, new Map(), Buffer.alloc(0), new Float64Array(0)])
      assert.deepEqual(await worker.send('echo', value), value);
  });

  it('over maxMessageBytes is TooLargeError, one of that size arrives (A5)', async () => {
    const worker = await start('verbs.js', { maxMessageBytes: MEBIBYTE });
    const expected = { name: 'TooLargeError', code: 'ERR_HAWSER_TOO_LARGE' };
    await assert.rejects(worker.send('echo', Buffer.alloc(MEBIBYTE)), expected);
    await assert.rejects(worker.send('echo', 'x'.repeat(2 * MEBIBYTE)), expected);
    assert.throws(() => worker.post('echo', Buffer.alloc(2 * MEBIBYTE)), expected);
    const answer = await worker.send('echo', Buffer.alloc(MEBIBYTE - 100, 'y'));
    assert.equal(answer.length, MEBIBYTE - 100);
  });

  it('that the worker answers with, over maxMessageBytes, rejects that call alone (A5)', async () => {
    const worker = await start('makes-bytes.js', { maxMessageBytes: MEBIBYTE });
    await assert.rejects(worker.send('make', 2 * MEBIBYTE), { code: 'ERR_HAWSER_TOO_LARGE' });
    assert.equal((await worker.send('make', 1000)).length, 1000);
  });

  it('of 2 GiB - 1, 2 GiB, 4 GiB - 1 and the most there can be is refused (A5)', async () => {
    const worker = await start();
    const sizes = [2 * GIBIBYTE - 1, 2 * GIBIBYTE, 4 * GIBIBYTE - 1];
    for (const bytes of sizes) {
      // Pages that nobody touches take no memory.
      const { buffer } = new Uint8Array(bytes);
      await assert.rejects(worker.send('echo', buffer), { code: 'ERR_HAWSER_TOO_LARGE' });
    }
    const most = new Uint8Array(Math.min(4 * GIBIBYTE + 1, constants.MAX_LENGTH));
    await assert.rejects(worker.send('echo', most), { code: 'ERR_HAWSER_SERIALIZE' });
    assert.equal(await worker.send('echo', 1), 1);
  });

  it('that is the longest string is TooLargeError (A5)', async () => {
    const worker = await start();
    const longest = 'x'.repeat(2 ** 29 - 24);
    await assert.rejects(worker.send('echo', longest), { code: 'ERR_HAWSER_TOO_LARGE' });
    assert.equal(await worker.send('echo', 1), 1);
  });
});
