'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const path = require('node:path');
const fc = require('fast-check');
const { bodyOf } = require('./bodies');

const script = path.join(__dirname, 'workers', 'flow.js');
const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;
const SLOW = 120_000; // under sanitizers, and where many share the machine
const OVERLOADED = { name: 'OverloadedError', code: 'ERR_HAWSER_OVERLOADED' };

const MARKS = [
  { bytes: 1 },
  { bytes: 64 * KIBIBYTE },
  {},
  { bytes: 64 * MEBIBYTE },
  { messages: 1 },
  { messages: 10 },
  { bytes: 64 * KIBIBYTE, messages: 10 },
];
/** How many bodies of each length, the last longer than every window. */
const LENGTHS = [
  [0, 1000],
  [1, 1000],
  [100, 1000],
  [64 * KIBIBYTE, 50],
  [MEBIBYTE, 5],
  [20 * MEBIBYTE, 2],
];

/** Posts, heeding false, and keeps the books of it. */
class Producer {
  falses = 0;
  drains = 0;
  next = 0;

  constructor(worker) {
    this.worker = worker;
    worker.on('drain', () => this.drains++);
  }

  /** Returns what post returned. */
  post(type, length) {
    const id = this.next++;
    const more = this.worker.post(type, { id, body: bodyOf(id, length) });
    if (!more) this.falses++;
    return more;
  }

  async postAll(type, lengths) {
    for (const length of lengths) if (!this.post(type, length)) await once(this.worker, 'drain');
  }

  /** All of them arrived, once, in order and whole. */
  async check() {
    const { ids, wrong } = await this.worker.send('seen');
    const from = this.next - ids.length;
    assert.deepEqual(wrong, []);
    assert.ok(ids.every((id, i) => id === from + i));
    return ids.length;
  }
}

function describePosts(start) {
  describe('post', () => {
    describeMarks(start);
    describeDrain(start);
    describeCap(start);
    describeHandling(start);
  });
}

function describeMarks(start) {
  const startProducer = async (highWaterMark) =>
    new Producer(await start({ script, highWaterMark }));

  for (const mark of MARKS) {
    it(`with the mark ${JSON.stringify(mark)} brings every payload, in order`, async () => {
      const producer = await startProducer(mark);
      for (const [length, count] of LENGTHS) {
        for (const type of ['note', 'noteSlowly']) {
          await producer.postAll(type, Array(count).fill(length));
          assert.equal(await producer.check(), count, `${type}, bodies of ${length} bytes`);
        }
      }
      assert.equal(producer.drains, producer.falses);
    }).timeout(SLOW);
  }

  it('brings any mix of payloads and handlers under any mark, in order', async () => {
    const length = fc.oneof(
      fc.nat(200),
      fc.nat(300 * KIBIBYTE),
      fc.constantFrom(0, 4 * MEBIBYTE + 1),
    );
    const post = fc.tuple(fc.constantFrom('note', 'noteSlowly', 'noteAndThrow'), length);
    const mark = fc.record(
      {
        bytes: fc.integer({ min: 1, max: 4 * MEBIBYTE }),
        messages: fc.integer({ min: 1, max: 50 }),
      },
      { requiredKeys: [] },
    );
    const property = async (highWaterMark, posts) => {
      const producer = new Producer(await start({ script, highWaterMark, stdio: 'ignore' }));
      for (const [type, bytes] of posts) await producer.postAll(type, [bytes]);
      assert.equal(await producer.check(), posts.length);
      assert.equal(producer.drains, producer.falses);
      await producer.worker.shutdown();
    };
    const mixes = fc.asyncProperty(mark, fc.array(post, { maxLength: 60 }), property);
    await fc.assert(mixes, { seed: 20261121, numRuns: 8, endOnFailure: true });
  }).timeout(SLOW);
}

function describeDrain(start) {
  describe("'drain'", () => {
    it('comes once, however many posts were told false before it', async () => {
      const worker = await start({ script, highWaterMark: { bytes: 64 * KIBIBYTE } });
      const producer = new Producer(worker);
      for (let streak = 1; streak <= 20; streak++) {
        const before = producer.falses;
        while (producer.falses < before + 3) producer.post('note', 10 * KIBIBYTE);
        await once(worker, 'drain');
        await producer.check();
        assert.equal(producer.drains, streak);
      }
    });

    it('does not come where no post was told false', async () => {
      const worker = await start({ script });
      const producer = new Producer(worker);
      for (let i = 0; i < 100; i++) assert.equal(producer.post('note', 100), true);
      assert.equal(await producer.check(), 100);
      assert.equal(producer.drains, 0);
    });

    for (const mark of [{ bytes: 1 }, { bytes: 64 * KIBIBYTE }, { messages: 3 }]) {
      it(`comes again where its listener posts again, with ${JSON.stringify(mark)}`, async () => {
        const worker = await start({ script, highWaterMark: mark });
        const producer = new Producer(worker);
        let rounds = 0;
        const done = new Promise((resolve) => {
          worker.on('drain', () => {
            if (++rounds === 100) resolve();
            else while (producer.post('note', KIBIBYTE));
          });
        });
        while (producer.post('note', KIBIBYTE));
        await done;
        assert.equal(await producer.check(), producer.next);
        assert.equal(producer.drains, producer.falses);
      });
    }

    it('comes when it is an answer behind which the posts were made', async () => {
      const worker = await start({ script, highWaterMark: { bytes: 1000 } });
      const producer = new Producer(worker);
      for (let round = 0; round < 50; round++) {
        await worker.send('echo', round);
        await producer.postAll('note', [10 * KIBIBYTE, 0]);
      }
      assert.equal(await producer.check(), 100);
    });

    it('comes while calls are in flight and large answers come back (R3)', async () => {
      const worker = await start({ script, highWaterMark: { bytes: 64 * KIBIBYTE } });
      const producer = new Producer(worker);
      const large = bodyOf(1, 3 * MEBIBYTE);
      const calls = Array.from({ length: 12 }, () => worker.send('echo', large));
      await producer.postAll('note', Array(300).fill(20 * KIBIBYTE));
      calls.push(...Array.from({ length: 12 }, () => worker.send('echo', large)));
      await producer.postAll('noteSlowly', Array(300).fill(20 * KIBIBYTE));
      for (const answer of await Promise.all(calls)) assert.ok(answer.equals(large));
      assert.equal(await producer.check(), 600);
      assert.equal(producer.drains, producer.falses);
    });
  });
}

function describeCap(start) {
  const fill = (producer, length) => {
    for (;;) producer.post('note', length);
  };

  for (const [mark, length, waiting] of [
    [{ bytes: 64 * KIBIBYTE }, 1000, [240, 262]], // each with some bytes around it
    [{ bytes: 1 }, 100, [1, 1]],
    [{ bytes: 64 * KIBIBYTE }, 20 * MEBIBYTE, [1, 1]],
    [{ messages: 10 }, 10, [40, 40]],
  ]) {
    const name = `${JSON.stringify(mark)} and bodies of ${length} bytes`;
    it(`past the hard cap throws OverloadedError and queues nothing, with ${name} (A9)`, async () => {
      const worker = await start({ script, highWaterMark: mark });
      const producer = new Producer(worker);
      assert.throws(() => fill(producer, length), OVERLOADED);
      const accepted = --producer.next;
      const { queued, messagesSent } = worker.stats();
      assert.throws(() => worker.post('note', {}), OVERLOADED);
      assert.equal(worker.stats().queued, queued);
      assert.equal(worker.stats().messagesSent, messagesSent);
      assert.ok(queued >= waiting[0] && queued <= waiting[1], `${queued} wait`);
      await once(worker, 'drain');
      assert.equal(await producer.check(), accepted);
      await producer.postAll('note', [length]);
      assert.equal(await producer.check(), 1);
    });
  }

  it('accepts one message of any size from a producer that was not told false', async () => {
    const worker = await start({ script, highWaterMark: { bytes: 64 * KIBIBYTE } });
    const producer = new Producer(worker);
    assert.equal(producer.post('note', 60 * KIBIBYTE), true);
    assert.equal(producer.post('note', 20 * MEBIBYTE), false);
    await once(worker, 'drain');
    assert.equal(await producer.check(), 2);
  });

  it('is not refused for calls that wait', async () => {
    const worker = await start({ script, highWaterMark: { messages: 1 } });
    const producer = new Producer(worker);
    const calls = Array.from({ length: 100 }, (_, i) => worker.send('echo', i));
    assert.equal(producer.post('note', 1), false);
    await once(worker, 'drain');
    assert.equal((await Promise.all(calls)).length, 100);
    assert.equal(await producer.check(), 1);
  });
}

function describeHandling(start) {
  for (const messages of [1, 2, 7]) {
    it(`runs ${messages} handlers at a time, and no more, with { messages: ${messages} }`, async () => {
      const worker = await start({ script, highWaterMark: { messages } });
      for (let i = 0; i < 100; i++) if (!worker.post('crowd')) await once(worker, 'drain');
      assert.ok((await worker.send('mostRunning')) <= messages);
      const calls = Array.from({ length: messages }, () => worker.send('gather', messages));
      assert.equal((await Promise.all(calls)).length, messages);
    });
  }

  it('lets the loop sleep while what waits needs credit', async () => {
    const worker = await start({ script, highWaterMark: { messages: 1 }, spin: 0 });
    const gathered = worker.send('gather', 2, { timeout: 300 });
    worker.post('note', { id: 0, body: bodyOf(0, 10) });
    const turns = turnsEvery(30);
    await assert.rejects(gathered, { code: 'ERR_HAWSER_TIMEOUT', phase: 'run' });
    assert.ok(Math.min(...turns()) < 50, `${turns()} turns`);
    await worker.terminate();
  });

  it('to a handler that throws gives its credit back', async () => {
    const worker = await start({ script, highWaterMark: { messages: 2 }, stdio: 'ignore' });
    const producer = new Producer(worker);
    await producer.postAll('noteAndThrow', Array(50).fill(10));
    assert.equal(await producer.check(), 50);
  });

  it('without a payload, and with undefined, hands undefined to the handler', async () => {
    const worker = await start({ script });
    assert.equal(await worker.send('typeOf'), 'undefined');
    assert.equal(await worker.send('typeOf', undefined), 'undefined');
    worker.post('crowd');
    worker.post('crowd', undefined);
    assert.ok((await worker.send('mostRunning')) > 0);
  });

  it('is before the calls that were made after it', async () => {
    const worker = await start({ script });
    const producer = new Producer(worker);
    producer.post('note', 1);
    producer.post('note', MEBIBYTE);
    assert.equal(await producer.check(), 2);
  });
}

/** Turns of the loop per interval, until asked. V8 may turn it hundreds of times for a collection. */
function turnsEvery(ms) {
  const counts = [performance.nodeTiming.uvMetricsInfo.loopCount];
  const look = () => counts.push(performance.nodeTiming.uvMetricsInfo.loopCount);
  const timer = setInterval(look, ms);
  return () => {
    clearInterval(timer);
    return counts.slice(1).map((count, i) => count - counts[i]);
  };
}

module.exports = { describePosts, Producer };
