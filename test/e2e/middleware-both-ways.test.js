'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { starter } = require('./started');

const only = (direction, kind, change) => (context) =>
  context.direction === direction && context.kind === kind ? change(context) : undefined;

for (const transport of ['shm', 'socket']) {
  describe(`middleware and events, over ${transport}`, () => {
    const starting = starter();
    const start = (options) => starting('both-ways.js', { transport, ...options });

    it('of the host replaces what it notifies of, and what the worker emits', async () => {
      const seen = [];
      const worker = await start({
        middleware: [
          (context) => void (context.kind === 'event' && seen.push({ ...context })),
          only('send', 'event', ({ message }) => `${message} sent`),
          only('receive', 'event', async ({ message }) => `${message} received`),
        ],
      });
      const echoed = once(worker.events, 'echoed');
      assert.equal(worker.notify('echo', 'x'), true);
      assert.deepEqual(await echoed, ['x sent received']);
      assert.deepEqual(
        seen.map(({ direction, type, tx, message }) => [direction, type, tx, message]),
        [
          ['send', 'echo', '', 'x'],
          ['receive', 'echoed', '', 'x sent received'],
        ],
      );
    });

    it('of the worker replaces them there', async () => {
      const worker = await start({ workerData: 'changing' });
      const echoed = once(worker.events, 'echoed');
      worker.notify('echo', 'x');
      assert.deepEqual(await echoed, ['x in out']);
    });

    it('that throws when an event is sent throws it to who sends; later, it is logged', async () => {
      const logged = [];
      const log = () => {};
      const worker = await start({
        logger: { debug: log, info: log, warn: log, error: (...words) => logged.push(words) },
        middleware: only('send', 'event', ({ message }) => {
          if (message === 'bad') throw new Error('not this one');
          return message === 'badly' ? Promise.reject(new Error('nor this one')) : undefined;
        }),
      });
      assert.throws(() => worker.notify('echo', 'bad'), { code: 'ERR_HAWSER_MIDDLEWARE' });
      assert.throws(() => worker.notify(5, 'bad'), { name: 'TypeError' });
      assert.equal(worker.notify('echo', 'badly'), true);
      const echoed = once(worker.events, 'echoed');
      worker.notify('echo', 'good');
      assert.deepEqual(await echoed, ['good']);
      assert.match(logged[0][0], /the event 'echo' was not sent/);
      assert.equal(logged[0][1].cause.message, 'nor this one');
    });

    it('that throws when an event is received drops that event, and logs it', async () => {
      const logged = [];
      const log = () => {};
      const worker = await start({
        logger: { debug: log, info: log, warn: log, error: (...words) => logged.push(words) },
        middleware: only('receive', 'event', ({ message }) => {
          if (message === 'bad') throw new Error('not this one');
        }),
      });
      const heard = [];
      worker.events.on('echoed', (data) => heard.push(data));
      for (const data of ['bad', 'good']) worker.notify('echo', data);
      await worker.send('echo', 'behind them');
      assert.deepEqual(heard, ['good']);
      assert.match(logged[0][0], /an event 'echoed' could not be received/);
    });

    it('lets an event be heard before the handlers of requests that came behind it', async () => {
      const worker = await start();
      worker.notify('echo', 1);
      const heard = worker.send('heard');
      worker.notify('echo', 2);
      assert.deepEqual(await heard, [1]);
      assert.deepEqual(await worker.send('heard'), [1, 2]);
    });
  });

  describe(`middleware and what a worker asks, over ${transport}`, () => {
    const starting = starter();
    const start = (options) =>
      starting('both-ways.js', {
        transport,
        handlers: {
          double: (n) => n * 2,
          about: (payload, { tx, metadata }) => ({ payload, tx, metadata }),
          fail: (text) => {
            throw new RangeError(text);
          },
        },
        ...options,
      });

    it('of the worker sees requests from left to right and answers from right to left', async () => {
      const worker = await start({ workerData: 'noting' });
      assert.equal(await worker.send('ask', ['double', 4]), 8);
      const seen = await worker.send('seen');
      const asked = seen.filter(({ type }) => type === 'double');
      assert.deepEqual(
        asked.map(({ name, direction, kind, message }) => [name, direction, kind, message]),
        [
          ['a', 'send', 'request', 4],
          ['b', 'send', 'request', 4],
          ['b', 'receive', 'response', 8],
          ['a', 'receive', 'response', 8],
        ],
      );
    });

    it('of the host sees them from the other side, under the same tx, with the metadata', async () => {
      const seen = [];
      const worker = await start({ workerData: 'noting' });
      worker.use(({ direction, kind, type, tx, metadata }) => {
        if (type === 'about') seen.push({ direction, kind, tx, metadata });
      });
      const metadata = { trace: 'y' };
      const answer = await worker.send('ask', ['about', 1, { metadata }]);
      assert.deepEqual(answer.metadata, metadata);
      const told = (await worker.send('seen')).find(({ type }) => type === 'about');
      assert.equal(told.tx, answer.tx);
      assert.deepEqual(seen, [
        { direction: 'receive', kind: 'request', tx: answer.tx, metadata },
        { direction: 'send', kind: 'response', tx: answer.tx, metadata },
      ]);
    });

    it('replaces errors on their way to the worker', async () => {
      const worker = await start({
        middleware: only('send', 'error', ({ message }) => new TypeError(`${message.message}!`)),
      });
      await assert.rejects(worker.send('ask', ['fail', 'no']), {
        name: 'TypeError',
        message: 'no!',
      });
    });

    it('left out, names what the worker asks by the uuid of the worker (P4.19)', async () => {
      const worker = await start();
      const [mine, other] = await Promise.all([
        worker.send('context'),
        worker.send('ask', ['about', 1]),
      ]);
      for (const { tx } of [mine, other]) assert.match(tx, /^[0-9a-f]{32}-\d+-\d+$/);
      assert.notEqual(mine.tx.slice(0, 32), other.tx.slice(0, 32));
    });
  });
}
