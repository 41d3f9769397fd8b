'use strict';

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { execFile } = require('node:child_process');
const { tracingChannel } = require('node:diagnostics_channel');
const path = require('node:path');
const { promisify } = require('node:util');
const { execPath, starter } = require('./started');

const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];

/** For its describe block: subscribe(name) notes the events of a channel until the test ends. */
function listener() {
  const undo = [];
  afterEach(() => undo.splice(0).forEach((remove) => remove()));
  return (name, subscribers) => {
    const channel = tracingChannel(name);
    const seen = [];
    const noting = Object.fromEntries(
      EVENTS.map((event) => [event, (call) => seen.push([event, call])]),
    );
    const chosen = subscribers ?? noting;
    channel.subscribe(chosen);
    undo.push(() => channel.unsubscribe(chosen));
    return seen;
  };
}

for (const transport of ['shm', 'socket']) {
  describe(`the channel hawser:send, over ${transport}`, () => {
    const starting = starter();
    const start = (options) => starting('context.js', { transport, ...options });
    const listen = listener();

    it('tells of start, end, asyncStart and asyncEnd of each call, with one object', async () => {
      const worker = await start();
      const seen = listen('hawser:send');
      const answer = await worker.send('context', 'x', { metadata: { a: 'b' } });
      assert.deepEqual(
        seen.map(([event]) => event),
        ['start', 'end', 'asyncStart', 'asyncEnd'],
      );
      const call = seen[0][1];
      assert.ok(seen.every(([, one]) => one === call));
      assert.deepEqual([call.type, call.payload, call.tx], ['context', 'x', answer.tx]);
      assert.deepEqual(call.metadata, { a: 'b' });
      assert.deepEqual(call.result, answer);
    });

    it('tells of an error, also of a call that is refused', async () => {
      const worker = await start();
      const seen = listen('hawser:send');
      await assert.rejects(worker.send('nothing'), { code: 'ERR_HAWSER_UNKNOWN_TYPE' });
      assert.deepEqual(
        seen.map(([event]) => event),
        ['start', 'end', 'error', 'asyncStart', 'asyncEnd'],
      );
      assert.equal(seen[2][1].error.code, 'ERR_HAWSER_UNKNOWN_TYPE');
    });

    it('sends the metadata that a subscriber adds at the start', async () => {
      const worker = await start();
      listen('hawser:send', { start: ({ metadata }) => (metadata.traceparent = '00-1-2-01') });
      const metadata = { own: 'x' };
      const answer = await worker.send('context', 1, { metadata });
      assert.deepEqual(answer.metadata, { own: 'x', traceparent: '00-1-2-01' });
      assert.deepEqual(metadata, { own: 'x' });
      assert.deepEqual((await worker.send('context', 1)).metadata, { traceparent: '00-1-2-01' });
    });

    it('tells of start and end of a post, and sends what a subscriber adds to its metadata', async () => {
      const worker = await start();
      listen('hawser:send', { start: ({ metadata }) => (metadata.a = 'b') });
      const seen = listen('hawser:send');
      worker.post('note', 1);
      worker.post('noteMetadata', 2);
      assert.throws(() => worker.post('nothing'), { code: 'ERR_HAWSER_UNKNOWN_TYPE' });
      assert.deepEqual(
        seen.map(([event, { type, oneWay }]) => [event, type, oneWay]),
        [
          ['start', 'note', true],
          ['end', 'note', true],
          ['start', 'noteMetadata', true],
          ['end', 'noteMetadata', true],
          ['start', 'nothing', true],
          ['error', 'nothing', true],
          ['end', 'nothing', true],
        ],
      );
      const [tx, metadata] = await worker.send('noted');
      assert.equal(tx, seen[0][1].tx);
      assert.deepEqual(metadata, { a: 'b' });
    });

    it('goes well with middleware, a timeout and a tx of its own', async () => {
      const worker = await start({
        middleware: ({ kind, message }) => (kind === 'request' ? `${message}!` : undefined),
        txIdGenerator: () => 'mine',
      });
      const seen = listen('hawser:send');
      const answer = await worker.send('context', 'x', { timeout: 60_000 });
      assert.deepEqual([answer.payload, answer.tx, answer.metadata], ['x!', 'mine', undefined]);
      assert.equal(seen[1][1].tx, 'mine');
    });

    for (const event of EVENTS) {
      it(`serves whoever listens to ${event} only`, async () => {
        const worker = await start();
        const seen = [];
        listen('hawser:send', { [event]: (call) => seen.push(call.type) });
        await assert.rejects(worker.send('nothing'));
        assert.deepEqual(seen, ['nothing']);
      });
    }

    it('leaves alone the calls that nobody listens to', async () => {
      const worker = await start();
      const seen = listen('hawser:send');
      await worker.send('context', 1);
      const before = seen.length;
      tracingChannel('hawser:send'); // another object for the same channels
      assert.equal(before, 4);
      assert.ok(!Object.hasOwn(worker, 'send'));
    });
  });

  describe(`the channel hawser:handle, over ${transport}`, () => {
    const starting = starter();
    const start = () => starting('traced.js', { transport });
    const eventsOf = (events, type) =>
      events.filter((one) => one.type === type).map(({ event }) => event);

    it('tells of each call that is handled, with tx and metadata', async () => {
      const worker = await start();
      await worker.send('echo', 0);
      await worker.send('subscribe');
      assert.equal(await worker.send('echo', 1, { metadata: { a: 'b' } }), 1);
      assert.equal(await worker.send('later', 2), 2);
      await assert.rejects(worker.send('fail', 'no'), { name: 'RangeError', message: 'no' });
      await worker.send('unsubscribe');
      await worker.send('echo', 3);
      const events = await worker.send('events');
      const whole = ['start', 'end', 'asyncStart', 'asyncEnd'];
      assert.deepEqual(eventsOf(events, 'echo'), whole);
      assert.deepEqual(eventsOf(events, 'later'), whole);
      assert.deepEqual(eventsOf(events, 'fail'), ['start', 'end', 'error', ...whole.slice(2)]);
      const [{ payload, metadata, tx }] = events.filter(({ type }) => type === 'echo');
      assert.deepEqual([payload, metadata], [1, { a: 'b' }]);
      assert.match(tx, /^[0-9a-f]{32}-\d+-\d+$/);
      const error = events.find(({ event }) => event === 'error').error;
      assert.equal(error.message, 'no');
    });

    it('runs the handler with the stores that are bound to its start', async () => {
      const worker = await start();
      await worker.send('subscribe');
      assert.equal(await worker.send('store'), 'store of store');
    });
  });

  describe(`AsyncLocalStorage of the caller, over ${transport}`, () => {
    const starting = starter();

    it('is intact in the continuation of send, whatever the call comes to', async () => {
      const worker = await starting('verbs.js', { transport });
      const storage = new AsyncLocalStorage();
      const ask = (name, type, payload, options) =>
        storage.run(name, async () => {
          const outcome = await worker.send(type, payload, options).then(
            () => `answer ${storage.getStore()}`,
            () => `error ${storage.getStore()}`,
          );
          return [outcome, storage.getStore()];
        });
      const asked = [ask('a', 'echo', 1), ask('b', 'never', 1, { timeout: 5 }), ask('c', 'none')];
      asked.push(ask('d', 'echo', 1, { metadata: { a: 'b' } }));
      assert.deepEqual(await Promise.all(asked), [
        ['answer a', 'a'],
        ['error b', 'b'],
        ['error c', 'c'],
        ['answer d', 'd'],
      ]);
      assert.equal(storage.getStore(), undefined);
    });
  });
}

describe('examples/opentelemetry', () => {
  it("gives the worker's spans the host's as parents, by trace context in metadata", async () => {
    const file = path.join(__dirname, '../../examples/opentelemetry/index.js');
    const { stdout } = await promisify(execFile)(execPath, [file]);
    assert.match(stdout, /^failed: air has no price$/m);
    const line = /^(\w+) (\w+): trace (\w{32}), span (\w{16}), parent (\w+), error (.*)$/gm;
    const spans = [...stdout.matchAll(line)].map(
      ([, kind, type, traceId, spanId, parent, error]) => ({
        ...{ kind, type, traceId, spanId, parent, error },
      }),
    );
    const clients = spans.filter(({ kind }) => kind === 'client');
    const servers = spans.filter(({ kind }) => kind === 'server');
    assert.deepEqual(
      clients.map(({ parent, error }) => [parent, error]),
      [
        ['none', 'no'],
        ['none', 'air has no price'],
      ],
    );
    assert.deepEqual(
      servers.map(({ traceId, parent, error }) => [traceId, parent, error]),
      clients.map(({ traceId, spanId, error }) => [traceId, spanId, error]),
    );
  });
});
