'use strict';

const assert = require('node:assert/strict');
const { EventEmitter, once } = require('node:events');
const { setImmediate: turn } = require('node:timers/promises');
const hawser = require('hawser');
const { isRunning } = require('./processes');
const { execPath, fixture, starter } = require('./started');

const STATS = [
  'callsSent',
  'callsInFlight',
  'callsFailed',
  'queued',
  'bytesSent',
  'bytesReceived',
  'messagesSent',
  'messagesReceived',
  'batchesReceived',
  'doorbellsRung',
  'spinHits',
  'spinMisses',
  'missedWakeups',
];

describe('a worker', () => {
  const start = starter();

  it('is an EventEmitter that has what the contract names', async () => {
    const worker = await start();
    assert.ok(worker instanceof EventEmitter);
    const methods = 'send post ping shutdown close terminate ref unref stats on once off';
    for (const name of methods.split(' ')) assert.equal(typeof worker[name], 'function', name);
    assert.equal(typeof worker[Symbol.asyncDispose], 'function');
  });

  it('says what it is while it is ready', async () => {
    const worker = await start();
    assert.equal(worker.state, 'ready');
    assert.equal(worker.isActive, true);
    assert.equal(worker.isConnected, true);
    assert.equal(worker.driver, 'process');
    assert.equal(worker.threadId, undefined);
    assert.ok(['shm', 'socket'].includes(worker.transport));
    assert.notEqual(worker.pid, process.pid);
    assert.ok(isRunning(worker.pid));
  });

  it('says what it is while it closes, and when it is closed', async () => {
    const worker = await start();
    const { pid } = worker;
    const ended = worker.shutdown();
    const closing = [worker.state, worker.isActive, worker.isConnected, worker.pid];
    assert.deepEqual(closing, ['closing', false, false, pid]);
    await ended;
    const closed = [worker.state, worker.isActive, worker.isConnected, worker.pid];
    assert.deepEqual(closed, ['closed', false, false, undefined]);
    assert.equal(isRunning(pid), false);
  });

  it('says what it is when it has crashed', async () => {
    const worker = await start();
    await assert.rejects(worker.send('exit', 1));
    const crashed = [worker.state, worker.isActive, worker.isConnected, worker.pid];
    assert.deepEqual(crashed, ['crashed', false, false, undefined]);
  });

  it('cannot have these things assigned', async () => {
    const worker = await start();
    const names = 'pid threadId state isActive isConnected driver transport stdout stderr';
    for (const name of names.split(' '))
      assert.throws(() => (worker[name] = 'other'), { name: 'TypeError' }, name);
  });

  it("emits 'ready' once, to whoever listens when createWorker has resolved", async () => {
    const worker = await hawser.createWorker(fixture('verbs.js'), { execPath });
    let count = 0;
    worker.on('ready', () => count++);
    await once(worker, 'ready');
    await worker.send('echo', 1);
    await worker.shutdown();
    assert.equal(count, 1);
  });

  it("emits 'exit' with code and signal, after 'state'", async () => {
    const worker = await start();
    const events = [];
    worker.on('state', (now, before) => events.push(['state', now, before]));
    worker.on('exit', (code, signal) => events.push(['exit', code, signal]));
    await worker.shutdown();
    assert.deepEqual(events, [
      ['state', 'closing', 'ready'],
      ['state', 'closed', 'closing'],
      ['exit', 0, null],
    ]);
  });

  it('answers ping with milliseconds, also many at once', async () => {
    const worker = await start();
    const times = await Promise.all(Array.from({ length: 50 }, () => worker.ping()));
    for (const time of times) assert.ok(Number.isFinite(time) && time > 0, String(time));
  });

  it("post returns true, then false when it is behind, then 'drain' comes", async () => {
    const worker = await start('verbs.js', { highWaterMark: { bytes: 64 * 1024 } });
    const payload = 'x'.repeat(1000);
    assert.equal(worker.post('echo', payload), true);
    let posted = 1;
    while (worker.post('echo', payload)) posted++;
    assert.ok(posted > 1);
    await once(worker, 'drain');
    assert.equal(worker.post('echo', payload), true);
  });

  it('has stats of numbers, which count', async () => {
    const worker = await start();
    const zero = worker.stats();
    assert.deepEqual(Object.keys(zero).sort(), [...STATS].sort());
    for (const name of STATS) assert.ok(Number.isFinite(zero[name]), name);
    const never = worker.send('never');
    await assert.rejects(worker.send('echo', () => {}));
    await Promise.all([worker.send('echo', 1), worker.send('echo', 'x'.repeat(1000))]);
    await turn(); // the batch of the answers is counted when it has been delivered
    const stats = worker.stats();
    assert.equal(stats.callsInFlight, 1);
    assert.equal(stats.callsSent, 4);
    assert.equal(stats.callsFailed, 1);
    assert.equal(stats.messagesReceived, zero.messagesReceived + 2);
    assert.ok(stats.messagesSent >= zero.messagesSent + 3);
    assert.ok(stats.bytesSent > zero.bytesSent + 1000);
    assert.ok(stats.bytesReceived > zero.bytesReceived + 1000);
    assert.ok(stats.batchesReceived > zero.batchesReceived);
    assert.equal(stats.missedWakeups, 0);
    const rejected = assert.rejects(never);
    await worker.terminate();
    await rejected;
  });

  it('has stats of calls that balance: sent are those answered and failed', async () => {
    for (const strategy of ['reject', 'retry']) {
      const worker = await start('verbs.js', { unexpectedShutdown: { strategy } });
      const calls = [1, () => {}, 2].map((payload) => worker.send('echo', payload));
      calls.push(worker.send('never'), worker.send('none'), worker.ping(), worker.ping());
      const ended = worker.terminate();
      const names = (await Promise.allSettled(calls)).map(({ reason }) => reason?.name);
      const closed = 'WorkerClosedError';
      const refused = ['SerializationError', 'UnknownTypeError'];
      assert.deepEqual(names, [closed, refused[0], closed, closed, refused[1], closed, closed]);
      const { callsSent, callsFailed, callsInFlight } = worker.stats();
      assert.deepEqual([callsSent, callsFailed, callsInFlight], [4, 4, 0]);
      await ended;
    }
  });

  for (const [what, isAt] of [
    ['sent', ({ direction }) => direction === 'send'],
    ['received', ({ direction }) => direction === 'receive'],
  ]) {
    for (const kind of ['sync', 'async']) {
      it(`has stats of calls that balance: one that its ${kind} middleware fails when ${what}`, async () => {
        const refuse = (context) => {
          if (isAt(context)) throw new Error('no');
        };
        const middleware = kind === 'sync' ? refuse : async (context) => refuse(context);
        const worker = await start('verbs.js', { middleware });
        await assert.rejects(worker.send('echo', 1));
        const { callsSent, callsFailed, callsInFlight } = worker.stats();
        assert.deepEqual([callsSent, callsFailed, callsInFlight], [1, 1, 0]);
      });
    }
  }

  it('has stats of a queue that is empty when it has ended', async () => {
    const worker = await start('verbs.js', { highWaterMark: { messages: 1 } });
    const calls = Array.from({ length: 10 }, () => worker.send('never'));
    await worker.send('echo', 1, { timeout: 1 }).catch(() => {}); // the others have been sent
    assert.ok(worker.stats().queued >= 9);
    const rejected = Promise.allSettled(calls);
    await worker.terminate();
    await rejected;
    assert.equal(worker.stats().queued, 0);
  });

  it('has stats when it has ended, which stay', async () => {
    const worker = await start();
    await worker.send('echo', 1);
    await worker.shutdown();
    const stats = worker.stats();
    assert.equal(stats.callsSent, 1);
    assert.equal(stats.callsInFlight, 0);
    assert.ok(stats.bytesSent > 0);
    assert.deepEqual(worker.stats(), stats);
  });

  it('may be used, asked and ended when it has ended (A1)', async () => {
    const worker = await start();
    await worker.shutdown();
    const closed = { name: 'WorkerClosedError', code: 'ERR_HAWSER_CLOSED' };
    await assert.rejects(worker.send('echo', 1), closed);
    await assert.rejects(worker.send('no such type'), closed);
    await assert.rejects(worker.ping(), closed);
    assert.throws(() => worker.post('echo', 1), closed);
    assert.equal(worker.ref(), worker);
    assert.equal(worker.unref(), worker);
    await Promise.all([worker.terminate(), worker.shutdown(), worker.close()]);
    assert.equal(worker.state, 'closed');
  });

  it('may be ended where an answer, an event or a drain arrives (A1)', async () => {
    const worker = await start('verbs.js', { highWaterMark: { bytes: 1024 } });
    worker.once('drain', () => worker.shutdown());
    while (worker.post('echo', 'x'.repeat(500)));
    await once(worker, 'exit');
    assert.equal(worker.state, 'closed');
  });

  const outlaw = { transport: 'socket', execArgv: [fixture('breaks-a-rule.js')] };

  it("emits 'error', and rejects its calls with it, when it breaks a rule", async () => {
    const worker = await start('verbs.js', outlaw);
    const errors = [];
    worker.on('error', (error) => errors.push(error));
    const error = await worker.send('ask').catch((reason) => reason);
    assert.equal(error.name, 'WorkerCrashedError');
    assert.equal(error.reason.type, 'error');
    assert.equal(error.reason.error.code, 'ERR_HAWSER_PROTOCOL');
    assert.deepEqual(errors, [error.reason.error]);
    assert.equal(worker.state, 'crashed');
  });

  it("throws no 'error' where nobody listens", async () => {
    const worker = await start('verbs.js', outlaw);
    const exited = new Promise((resolve) => worker.once('exit', resolve)); // comes after 'error'
    await assert.rejects(worker.send('ask'), { name: 'WorkerCrashedError' });
    await exited;
  });
});

describe('the module hawser', () => {
  const errors =
    'HawserError WorkerStartError WorkerCrashedError WorkerClosedError TimeoutError OverloadedError UnknownTypeError HandshakeError ProtocolError SerializationError PoisonMessageError UnsupportedError TooLargeError RemoteError'.split(
      ' ',
    );
  const others =
    'createWorker startWorkerServer isWorker workerData Serializer JsonSerializer serializeError deserializeError registerErrorClass';
  const names = [...errors, ...others.split(' ')];

  it('exports what its contract names', () => {
    for (const name of names) assert.ok(name in hawser, name);
  });

  it('exports the same to import', async () => {
    const module = await import('hawser');
    for (const name of names) {
      assert.ok(name in module, name);
      assert.equal(module[name], hawser[name]);
    }
  });

  it('has errors whose name, code and class are their own', () => {
    for (const name of errors) {
      const error = new hawser[name]('Worker timeout');
      assert.ok(error instanceof hawser.HawserError && error instanceof Error);
      assert.equal(error.name, name);
      assert.match(error.code, /^ERR_HAWSER/);
    }
  });
});
