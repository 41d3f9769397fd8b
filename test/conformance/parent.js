'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const path = require('node:path');

const script = path.join(__dirname, 'workers', 'asks.js');
const MEBIBYTE = 1024 * 1024;
const range = (count) => Array.from({ length: count }, (_, i) => i);

function describeParent(start) {
  describe('parent', () => {
    describeParentSend(start);
    describeParentPost(start);
    describeBothWays(start);
  });
}

function describeParentSend(start) {
  it('asks the host, whose handlers answer with any value', async () => {
    const handlers = { double: (n) => n * 2, echo: async (value) => value };
    const worker = await start({ script, handlers });
    assert.equal(await worker.send('ask', ['double', 21]), 42);
    const body = Buffer.alloc(5 * MEBIBYTE, 'z');
    assert.ok((await worker.send('ask', ['echo', body])).equals(body));
    assert.equal(await worker.send('ask', ['echo']), undefined);
    assert.deepEqual(
      await worker.send('askMany', 5000),
      range(5000).map((i) => i * 2),
    );
    assert.equal(await worker.send('early'), 'ERR_HAWSER_CLOSED');
  });

  it('hears of what the handler throws, and of a type that there is not', async () => {
    const handlers = {
      fails: () => {
        throw Object.assign(new RangeError('too far'), { code: 'E_FAR', limit: 7 });
      },
    };
    const worker = await start({ script, handlers });
    const failure = { name: 'RangeError', code: 'E_FAR', message: 'too far', limit: 7 };
    assert.deepEqual(await worker.send('fails', ['fails']), failure);
    const { messagesReceived } = worker.stats();
    for (const type of ['other', 'toString', '__proto__']) {
      const { code } = await worker.send('fails', [type]);
      assert.equal(code, 'ERR_HAWSER_UNKNOWN_TYPE');
    }
    assert.equal(worker.stats().messagesReceived, messagesReceived + 3); // the answers
    const { code } = await worker.send('post', ['other']);
    assert.equal(code, 'ERR_HAWSER_UNKNOWN_TYPE');
  });

  it('knows no type where the host has no handlers', async () => {
    const worker = await start({ script });
    const { code } = await worker.send('fails', ['double', 1]);
    assert.equal(code, 'ERR_HAWSER_UNKNOWN_TYPE');
    assert.equal(worker.state, 'ready');
  });

  it('times out, aborts and hears of progress as the host does', async () => {
    const aborted = [];
    const handlers = {
      untilAborted: async (id, context) => {
        context.progress('begun');
        await once(context.signal, 'abort');
        aborted.push(id);
      },
    };
    const worker = await start({ script, handlers, timeout: { message: 0, untilAborted: 20 } });
    const late = await worker.send('fails', ['untilAborted', 1]);
    assert.equal(late.code, 'ERR_HAWSER_TIMEOUT');
    assert.equal(await worker.send('abortAfterProgress'), 'begun');
    await worker.ping();
    await worker.send('echo');
    assert.deepEqual(aborted, [1, 1]);
  });

  it("has its handlers' signals abort when the worker is gone", async () => {
    let signal;
    const handlers = {
      never: (_, context) => {
        signal = context.signal;
        worker.post('exit', 0);
        return new Promise(() => {});
      },
    };
    const worker = await start({ script, handlers });
    await assert.rejects(worker.send('never'), { code: 'ERR_HAWSER_CRASHED' });
    assert.equal(signal.aborted, true);
  });
}

function describeParentPost(start) {
  it('posts in order, and is credited when the handler has settled', async () => {
    const seen = [];
    let running = 0;
    let most = 0;
    const note = async (id) => {
      seen.push(id);
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
    };
    const worker = await start({ script, handlers: { note }, highWaterMark: { messages: 250 } });
    await worker.send('postMany', 1000);
    while (seen.length < 1000) await worker.ping();
    assert.deepEqual(seen, range(1000));
    assert.ok(most <= 250, `${most} at once`);
  });
}

function describeBothWays(start) {
  for (const highWaterMark of [{}, { messages: 40 }]) {
    it(`asks while it is asked, with a mark of ${JSON.stringify(highWaterMark)}`, async () => {
      const handlers = {
        descend: async (depth, context) => {
          assert.match(context.tx, /^[0-9a-f]{32}-\d+-\d+$/);
          return depth === 0 ? [] : [depth, ...(await worker.send('descend', depth - 1))];
        },
      };
      const worker = await start({ script, handlers, highWaterMark });
      const down = range(30).reverse();
      assert.deepEqual(await worker.send('descend', 29), down.slice(0, -1));
      const many = await Promise.all(range(5).map(() => worker.send('descend', 6)));
      for (const one of many) assert.deepEqual(one, [6, 5, 4, 3, 2, 1]);
      await worker.shutdown();
      assert.equal(worker.state, 'closed');
    });
  }

  for (const [what, bytes] of [
    ['queued calls of the host', 20],
    ['answers of a megabyte', MEBIBYTE],
  ]) {
    it(`is answered though ${what} are over the mark`, async () => {
      const handlers = { body: () => Buffer.alloc(bytes) };
      const highWaterMark = { messages: 2, bytes: 1000 };
      const worker = await start({ script, handlers, highWaterMark });
      const calls = range(50).map(() => worker.send('ask', ['body', Buffer.alloc(10_000)]));
      for (const answer of await Promise.all(calls)) assert.equal(answer.length, bytes);
      assert.equal(worker.stats().queued, 0);
    });
  }

  it('is answered while the host shuts the worker down', async () => {
    let answer;
    const handlers = { late: () => new Promise((resolve) => (answer = resolve)) };
    const worker = await start({ script, handlers });
    const call = worker.send('ask', ['late']);
    await worker.ping();
    while (answer === undefined) await worker.ping();
    const closed = worker.shutdown({ timeout: 0 });
    answer('in time');
    assert.equal(await call, 'in time');
    await closed;
  });
}

module.exports = { describeParent };
