'use strict';

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { once } = require('node:events');
const { setImmediate: turn } = require('node:timers/promises');
const { OverloadedError } = require('hawser');
const { starter } = require('./started');

const TX = /^[0-9a-f]{32}-\d+$/;
const pick = ({ direction, kind, type, message }) => [direction, kind, type, message];

/** A function that resolves what it returned when it is told to. */
function gate() {
  let open;
  const opened = new Promise((resolve) => (open = resolve));
  return { open, opened };
}

for (const transport of ['shm', 'socket']) {
  describe(`middleware of the host, over ${transport}`, () => {
    const starting = starter();
    const start = (name, options) => starting(name, { transport, ...options });

    it('sees requests from left to right and answers from right to left', async () => {
      const seen = [];
      const note = (name) => (context) => void seen.push([name, ...pick(context)]);
      const worker = await start('middleware.js', { middleware: [note('a'), note('b')] });
      assert.equal(await worker.send('echo', 1), 1);
      await assert.rejects(worker.send('fail', 'no'), { message: 'no' });
      const error = seen[6][4];
      assert.equal(error.message, 'no');
      assert.deepEqual(seen, [
        ['a', 'send', 'request', 'echo', 1],
        ['b', 'send', 'request', 'echo', 1],
        ['b', 'receive', 'response', 'echo', 1],
        ['a', 'receive', 'response', 'echo', 1],
        ['a', 'send', 'request', 'fail', 'no'],
        ['b', 'send', 'request', 'fail', 'no'],
        ['b', 'receive', 'error', 'fail', error],
        ['a', 'receive', 'error', 'fail', error],
      ]);
    });

    it('may be one function', async () => {
      const seen = [];
      const worker = await start('verbs.js', { middleware: ({ kind }) => void seen.push(kind) });
      await worker.send('echo', 1);
      assert.deepEqual(seen, ['request', 'response']);
    });

    it('replaces a message by what it returns, and undefined leaves it', async () => {
      const worker = await start('middleware.js', {
        middleware: [
          ({ kind, message }) => (kind === 'request' ? `${message} 1` : undefined),
          ({ kind, message }) => (kind === 'request' ? `${message} 2` : undefined),
          ({ kind, message }) => (kind === 'response' ? `${message} back` : undefined),
          ({ kind }) => (kind === 'error' ? new RangeError('replaced') : undefined),
        ],
      });
      assert.equal(await worker.send('echo', 'x'), 'x 1 2 back');
      await assert.rejects(worker.send('fail', 'x'), { name: 'RangeError', message: 'replaced' });
    });

    it('leaves a message alone, or as it set it, where it returns its context', async () => {
      const set = (context) => {
        if (context.kind === 'request') context.message += ' set';
        return context;
      };
      const middleware = [(context) => context, async (context) => context, set];
      const worker = await start('middleware.js', { middleware });
      assert.equal(await worker.send('echo', 'x'), 'x set');
      await assert.rejects(worker.send('fail', 'x'), { message: 'x set' });
    });

    it('may be asynchronous', async () => {
      const worker = await start('middleware.js', {
        middleware: [
          async ({ kind, message }) => {
            await turn();
            return kind === 'error' ? undefined : `${message} ${kind}`;
          },
        ],
      });
      assert.equal(await worker.send('echo', 'x'), 'x request response');
      await assert.rejects(worker.send('fail', 'x'), { message: 'x request' });
    });

    it('keeps the order of calls when it is synchronous', async () => {
      const worker = await start('middleware.js', { workerData: 'noting', middleware: () => {} });
      const calls = Array.from({ length: 100 }, (_, i) => worker.send('echo', i));
      for (let i = 100; i < 110; i++) worker.post('echo', i);
      await Promise.all(calls);
      const seen = await worker.send('seen');
      const order = seen
        .filter(({ name, kind, type }) => name === 'a' && kind === 'request' && type === 'echo')
        .map(({ message }) => message);
      assert.deepEqual(order, [...Array(110).keys()]);
    });

    for (const [direction, kind] of [
      ['send', 'request'],
      ['receive', 'response'],
    ]) {
      for (const how of ['throws', 'rejects']) {
        it(`that ${how} when it should ${direction} fails that call alone`, async () => {
          const failing = ({ message }) => {
            if (message === 'bad') throw new TypeError('not this one');
          };
          const fail = how === 'throws' ? failing : async (context) => failing(context);
          const worker = await start('verbs.js', {
            middleware: (context) => (context.kind === kind ? fail(context) : undefined),
          });
          const calls = ['good', 'bad', 'fine'].map((text) => worker.send('echo', text));
          const [first, second, third] = await Promise.allSettled(calls);
          assert.equal(first.value, 'good');
          assert.equal(third.value, 'fine');
          const { name, code, message, cause } = second.reason;
          assert.deepEqual([name, code], ['HawserError', 'ERR_HAWSER_MIDDLEWARE']);
          assert.equal(message, `Middleware error (${direction}) of 'echo': not this one`);
          assert.ok(cause instanceof TypeError);
          assert.equal(worker.stats().callsInFlight, 0);
        });
      }
    }

    it('is added by use(), at run time, and removed by what that returns', async () => {
      const worker = await start('verbs.js');
      assert.equal(await worker.send('echo', 'x'), 'x');
      const add = (text) => worker.use((context) => `${context.message}${text}`);
      const [removeFirst, removeSecond] = [add('1'), add('2')];
      assert.equal(await worker.send('echo', 'x'), 'x1221');
      removeFirst();
      removeFirst();
      assert.equal(await worker.send('echo', 'x'), 'x22');
      removeSecond();
      assert.equal(await worker.send('echo', 'x'), 'x');
      add('3');
      assert.equal(await worker.send('echo', 'x'), 'x33');
      assert.throws(() => worker.use(5), { name: 'TypeError', message: /middleware.*got 5/ });
      for (const wrong of [undefined, [() => {}], (message, direction) => [message, direction]])
        assert.throws(() => worker.use(wrong), { name: 'TypeError', message: /'middleware'/ });
      assert.equal(await worker.send('echo', 'x'), 'x33');
    });

    it('added twice is called twice, and each removal takes one', async () => {
      const worker = await start('verbs.js');
      const add = ({ kind, message }) => (kind === 'request' ? `${message}+` : undefined);
      const removers = [worker.use(add), worker.use(add)];
      assert.equal(await worker.send('echo', ''), '++');
      removers[1]();
      assert.equal(await worker.send('echo', ''), '+');
    });

    it('lets posts pass through it', async () => {
      const worker = await start('middleware.js', {
        workerData: 'noting',
        middleware: [
          ({ kind, message }) => {
            if (message === 'bad') throw new Error('no');
            return kind === 'request' && message !== undefined ? `${message}!` : undefined;
          },
        ],
      });
      assert.equal(worker.post('echo', 'posted'), true);
      assert.throws(() => worker.post('echo', 'bad'), { code: 'ERR_HAWSER_MIDDLEWARE' });
      const seen = await worker.send('seen');
      const posted = seen.filter(({ message }) => message === 'posted!');
      assert.deepEqual(
        posted.map(({ name, kind }) => [name, kind]),
        [
          ['b', 'request'],
          ['a', 'request'],
        ],
      );
    });

    it('that is asynchronous delays posts, which a shutdown waits for', async () => {
      const { open, opened } = gate();
      const worker = await start('prints.js', {
        stdio: 'pipe',
        middleware: ({ kind }) => (kind === 'request' ? opened : undefined),
      });
      let said = '';
      worker.stdout.setEncoding('utf8').on('data', (text) => (said += text));
      const ended = once(worker.stdout, 'end');
      assert.equal(worker.post('print', { out: 'posted' }), true);
      const ending = worker.shutdown();
      open();
      await ending;
      await ended;
      assert.equal(said, 'out, at import\nposted');
    });

    it('does not keep a shutdown waiting for a call that it makes impossible to send', async () => {
      const { open, opened } = gate();
      const worker = await start('verbs.js', {
        middleware: ({ kind }) => (kind === 'request' ? opened.then(() => () => {}) : undefined),
      });
      const exited = once(worker, 'exit');
      const call = worker.send('echo', 1);
      const ending = worker.shutdown();
      open();
      await assert.rejects(call, { code: 'ERR_HAWSER_SERIALIZE' });
      await ending;
      assert.deepEqual(await exited, [0, null]);
    });

    it('holds a bounded number of posts, and tells of its room with drain', async () => {
      const { open, opened } = gate();
      const worker = await start('verbs.js', {
        highWaterMark: { messages: 2 },
        middleware: () => opened,
      });
      const accepted = Array.from({ length: 8 }, () => worker.post('echo'));
      assert.deepEqual(accepted, [true, true, ...Array(6).fill(false)]);
      assert.throws(() => worker.post('echo'), OverloadedError);
      const drained = once(worker, 'drain');
      open();
      await drained;
      assert.equal(typeof worker.post('echo'), 'boolean');
    });

    it('tells with drain when half of the posts that it held have gone', async () => {
      const gates = [gate(), gate(), gate()];
      const worker = await start('verbs.js', {
        highWaterMark: { messages: 2 },
        middleware: ({ message }) => gates[message].opened,
      });
      assert.deepEqual(
        gates.map((_, i) => worker.post('echo', i)),
        [true, true, false],
      );
      let drains = 0;
      worker.on('drain', () => drains++);
      gates[0].open();
      await worker.ping();
      assert.equal(drains, 0);
      const drained = once(worker, 'drain');
      gates[1].open();
      await drained;
      gates[2].open();
      await worker.shutdown();
      assert.equal(drains, 1);
    });

    it('counts for the timeout, before the request is sent', async () => {
      const { open, opened } = gate();
      const sent = [];
      const worker = await start('middleware.js', {
        workerData: 'noting',
        middleware: [
          ({ kind, type }) => (kind === 'request' && type === 'echo' ? opened : undefined),
          ({ kind, type }) => void (kind === 'request' && sent.push(type)),
        ],
      });
      const call = worker.send('echo', 1, { timeout: 20 });
      await assert.rejects(call, { code: 'ERR_HAWSER_TIMEOUT', phase: 'queue', timeout: 20 });
      open();
      await turn();
      const seen = await worker.send('seen');
      assert.ok(!seen.some(({ type }) => type === 'echo'));
      assert.equal(worker.stats().callsInFlight, 0);
    });

    it('counts for the timeout, when the answer has come', async () => {
      const worker = await start('verbs.js', {
        middleware: ({ kind }) => (kind === 'response' ? new Promise(() => {}) : undefined),
      });
      const call = worker.send('echo', 1, { timeout: 200 });
      await assert.rejects(call, { code: 'ERR_HAWSER_TIMEOUT', phase: 'run', timeout: 200 });
    });

    it('leaves the rest of the timeout to the handler, which is told', async () => {
      const worker = await start('tells-deadline.js', { middleware: () => turn() });
      const before = Date.now();
      const told = await worker.send('deadline', undefined, { timeout: 60_000 });
      assert.ok(told <= Date.now() + 60_000 && told > before, String(told));
    });

    it('that is still busy when the worker dies does not settle the call again', async () => {
      const { open, opened } = gate();
      const worker = await start('verbs.js', {
        middleware: ({ type }) => (type === 'echo' ? opened : undefined),
      });
      const call = worker.send('echo', 1);
      await assert.rejects(worker.send('exit', 3), { code: 'ERR_HAWSER_CRASHED' });
      await assert.rejects(call, { code: 'ERR_HAWSER_CRASHED', messageType: 'echo' });
      open();
      await turn();
      assert.equal(worker.stats().callsInFlight, 0);
    });

    it('runs in the async context of the caller, both ways', async () => {
      const storage = new AsyncLocalStorage();
      const stores = [];
      const worker = await start('verbs.js', {
        middleware: ({ kind }) => void stores.push([kind, storage.getStore()]),
      });
      await Promise.all(['a', 'b'].map((name) => storage.run(name, () => worker.send('echo'))));
      assert.deepEqual(stores, [
        ['request', 'a'],
        ['request', 'b'],
        ['response', 'a'],
        ['response', 'b'],
      ]);
    });

    it('may call send and terminate itself', async () => {
      const inner = [];
      const worker = await start('verbs.js', {
        middleware: ({ kind, message }) => {
          if (kind === 'request' && message === 'outer') inner.push(worker.send('echo', 'inner'));
          if (kind === 'response' && message === 'outer') worker.terminate();
        },
      });
      assert.equal(await worker.send('echo', 'outer'), 'outer');
      assert.equal(await inner[0], 'inner');
      await worker.terminate();
      assert.equal(worker.state, 'closed');
    });

    it('does not change the stack of a remote error, which ends with the caller', async () => {
      const worker = await start('middleware.js', { middleware: () => {} });
      async function callerByName() {
        await worker.send('fail', 'x');
      }
      const error = await callerByName().catch((reason) => reason);
      assert.match(error.stack, /middleware\.js/);
      assert.match(error.stack, /at async callerByName/);
    });
  });

  describe(`middleware of the worker, over ${transport}`, () => {
    const start = starter();
    const startWith = (workerData, options) =>
      start('middleware.js', { transport, workerData, ...options });

    it('sees requests from right to left and answers from left to right', async () => {
      const worker = await startWith('noting');
      await worker.send('echo', 1);
      await assert.rejects(worker.send('fail', 'no'), { message: 'no' });
      const seen = await worker.send('seen');
      const shown = seen.map(({ name, direction, kind, type, message }) => [
        name,
        direction,
        kind,
        type,
        message?.message ?? message,
      ]);
      assert.deepEqual(shown.slice(0, 8), [
        ['b', 'receive', 'request', 'echo', 1],
        ['a', 'receive', 'request', 'echo', 1],
        ['a', 'send', 'response', 'echo', 1],
        ['b', 'send', 'response', 'echo', 1],
        ['b', 'receive', 'request', 'fail', 'no'],
        ['a', 'receive', 'request', 'fail', 'no'],
        ['a', 'send', 'error', 'fail', 'no'],
        ['b', 'send', 'error', 'fail', 'no'],
      ]);
    });

    it('replaces payloads, results and errors', async () => {
      const worker = await startWith('changing');
      assert.equal(await worker.send('echo', 'x'), 'x in out');
      await assert.rejects(worker.send('fail', 'x'), {
        name: 'RangeError',
        message: 'x in out',
      });
    });

    it('may be asynchronous', async () => {
      const worker = await startWith('later');
      const texts = ['a', 'b', 'c'];
      const echoed = await Promise.all(texts.map((text) => worker.send('echo', text)));
      assert.deepEqual(echoed, ['a in', 'b in', 'c in']);
    });

    it('that throws fails that call alone, and says where', async () => {
      const worker = await startWith('throwing');
      const calls = ['good', 'bad', 'badly', 'fine'].map((text) => worker.send('echo', text));
      const settled = await Promise.allSettled(calls);
      assert.deepEqual([settled[0].value, settled[3].value], ['good', 'fine']);
      const told = settled.slice(1, 3).map(({ reason }) => [reason.code, reason.message]);
      assert.deepEqual(told, [
        ['ERR_HAWSER_MIDDLEWARE', "Middleware error (receive) of 'echo': not this one"],
        ['ERR_HAWSER_MIDDLEWARE', "Middleware error (send) of 'echo': nor this one"],
      ]);
      assert.ok(settled[1].reason.cause instanceof TypeError);
    });

    it('sees the tx that the host sees, and the metadata', async () => {
      const host = [];
      const worker = await startWith('noting', {
        middleware: ({ kind, tx }) => void (kind === 'request' && host.push(tx)),
      });
      await worker.send('echo', 1, { metadata: { a: 'b' } });
      worker.post('echo', 2);
      worker.post('echo', 3);
      const seen = (await worker.send('seen')).filter(({ name }) => name === 'a');
      const requests = seen.filter(({ kind }) => kind === 'request');
      assert.deepEqual(
        requests.map(({ tx }) => tx),
        host,
      );
      assert.match(host[0], TX);
      assert.equal(new Set(host).size, 4);
      const [request, response] = seen.filter(({ message }) => message === 1);
      assert.deepEqual(request.metadata, { a: 'b' });
      assert.deepEqual(response.metadata, { a: 'b' });
      assert.equal(response.tx, request.tx);
    });
  });
}
