'use strict';

const assert = require('node:assert/strict');
const { assertBreach, besideGoodWorker, until } = require('./workers');

describe('a worker over shared memory', () => {
  const startHostile = besideGoodWorker();
  const start = (behaviour, { details = [], ...options } = {}) =>
    startHostile('rings', behaviour, {
      transport: 'shm',
      details: details.map(String),
      ...options,
    });
  const askThrice = (worker) => [1, 2, 3].map((n) => worker.send('ask', n));
  const gone = (worker) =>
    worker.state === 'ready' ? new Promise((resolve) => worker.once('exit', resolve)) : undefined;

  const tails = ['tailTooFar', 'tailBack', 'tailZero', 'tailMost'];
  const heads = ['headAhead', 'headBack', 'headMost'];
  for (const behaviour of [...tails, ...heads]) {
    it(`whose index is a lie, ${behaviour}, ends with rule P7.3 (S1)`, async () => {
      const worker = await start(behaviour);
      const calls = askThrice(worker);
      for (const call of calls) call.catch(() => {});
      // A head is looked at when there is something to send.
      if (heads.includes(behaviour)) await until(() => worker.state !== 'ready' || post(worker));
      await assertBreach(worker, calls, 'P7.3');
    });
  }

  for (const behaviour of tails) {
    it(`whose index is a lie while nobody asks, ${behaviour}, ends with rule P7.3 (S1)`, async () => {
      const worker = await start(`idle_${behaviour}`);
      worker.post('tell');
      await gone(worker);
      await assertBreach(worker, [], 'P7.3');
    });
  }

  for (const behaviour of heads) {
    it(`whose index is a lie while nobody asks, ${behaviour}, ends with the next post (S1)`, async () => {
      const worker = await start(`idle_${behaviour}`);
      await until(() => worker.state !== 'ready' || post(worker));
      await assertBreach(worker, [], 'P7.3');
    });
  }

  it('that writes random words ends with rule P7.3 (S1)', async () => {
    const worker = await start('random');
    await assertBreach(worker, askThrice(worker), 'P7.3');
  });

  it('that claims more than it published holds up its own calls until their deadline (S2)', async () => {
    const worker = await start('claim');
    const calls = [1, 2, 3].map((n) => worker.send('ask', n, { timeout: 100 }));
    for (const { reason } of await Promise.allSettled(calls))
      assert.equal(reason.code, 'ERR_HAWSER_TIMEOUT');
  });

  it('may publish up to the middle of a record: its answers arrive (S2)', async () => {
    const worker = await start('unaligned');
    assert.deepEqual(await Promise.all(askThrice(worker)), ['done', 'done', 'done']);
  });

  it('may send frames longer than the ring: its answers arrive (S2)', async () => {
    const worker = await start('longerThanRing');
    for (const answer of await Promise.all(askThrice(worker)))
      assert.ok(answer.equals(Buffer.alloc(300_000, 'r')));
  });

  it('may wrap around the ring anywhere: its answers arrive (S11)', async () => {
    const worker = await start('wraps');
    for (let i = 0; i < 200; i++)
      assert.ok((await worker.send('ask', i)).equals(Buffer.alloc(i * 97, 'w')));
  });

  it('that changes what it has published ends, or answers, and nothing else (S3)', async () => {
    const worker = await start('flipping');
    for (const { status, value, reason } of await Promise.allSettled(askThrice(worker))) {
      if (status === 'fulfilled') assert.equal(value, 'done');
      else assert.equal(reason.reason?.error.code ?? reason.code, 'ERR_HAWSER_PROTOCOL');
    }
    await gone(worker);
    assert.equal(worker.seen.errors.length, 1);
    assert.equal(worker.seen.exits, 1);
  });

  it('that publishes the same padding for ever ends with rule P2.7 (S4)', async () => {
    const worker = await start('replay');
    await assertBreach(worker, askThrice(worker), 'P2.7');
  });

  it('that hangs up and writes on for ever ends (S4)', async () => {
    const worker = await start('endlessEnd');
    for (const { reason } of await Promise.allSettled(askThrice(worker)))
      assert.equal(reason.code, 'ERR_HAWSER_CRASHED');
    assert.equal(worker.seen.exits, 1);
  });

  it('that rings no doorbell is heard within the second, and counted (S7)', async () => {
    const worker = await start('unrung', { spin: 0 });
    while (worker.stats().missedWakeups === 0) assert.equal(await worker.send('ask'), 'done');
  });

  it('that rings for ever is answered, and so are others (S7)', async () => {
    const worker = await start('doorbells', { spin: 0 });
    for (let i = 0; i < 20; i++) assert.equal(await worker.send('ask', i), 'done');
    assert.equal(worker.state, 'ready');
  });

  it('that is killed in the middle of a record leaves nothing of it behind (S8)', async () => {
    const worker = await start('killedInStore');
    const [first, second, third] = await Promise.allSettled(askThrice(worker));
    assert.deepEqual(first, { status: 'fulfilled', value: 'done' });
    for (const { reason } of [second, third]) {
      assert.equal(reason.code, 'ERR_HAWSER_CRASHED');
      assert.deepEqual(reason.reason, { type: 'exit', code: null, signal: 'SIGKILL' });
    }
    assert.deepEqual(worker.seen.errors, []);
  });

  it('that is killed with doorbells unread has crashed, and has broken no rule (S8)', async () => {
    const worker = await start('killedDeaf');
    const [{ reason }] = await Promise.allSettled([worker.send('ask')]);
    assert.deepEqual(reason.reason, { type: 'exit', code: null, signal: 'SIGKILL' });
    assert.deepEqual(worker.seen.errors, []);
  });

  for (const value of [0, 1, 0xffffffff]) {
    it(`that holds every flag at ${value} is answered, by the watch at the latest (S10)`, async () => {
      const worker = await start('stuckFlags', { details: [value] });
      assert.equal(await worker.send('ask'), 'done');
      assert.equal(await worker.send('ask'), 'done');
      assert.equal(worker.state, 'ready');
    });
  }
});

/** False, so that a condition can be made of it. */
function post(worker) {
  try {
    worker.post('tell');
  } catch (error) {
    assert.equal(error.code, 'ERR_HAWSER_CRASHED');
  }
  return false;
}
