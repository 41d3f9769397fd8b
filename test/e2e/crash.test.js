'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { heldAtRest, isGone, releases, until } = require('./processes');
const { scratch, starter } = require('./started');

const CRASHED = { name: 'WorkerCrashedError', code: 'ERR_HAWSER_CRASHED' };
const RETRY = { unexpectedShutdown: { strategy: 'retry' } };

const errorOf = (promise) => promise.then(assert.fail, (error) => error);
const kill = (worker) => process.kill(worker.pid, 'SIGKILL');

/** Events as they come: [name, ...arguments]. */
function record(worker, ...names) {
  const seen = [];
  for (const name of names) worker.on(name, (...args) => seen.push([name, ...args]));
  return seen;
}

/** Resolves when it has died and no worker is there yet. */
async function inRestart(worker) {
  const restarting = once(worker, 'restart');
  kill(worker);
  await restarting;
  assert.equal(worker.state, 'restarting');
  assert.deepEqual([worker.isActive, worker.isConnected], [true, false]);
}

/** What holds over either transport. */
function crashes(transport) {
  const start = starter();
  const write = scratch();
  const mortal = (options) => start('mortal.js', { transport, stdio: 'ignore', ...options });
  const fileFor = (name = 'file') => path.join(write({}), name);

  describe('with the strategy reject', () => {
    it('rejects what is in flight, and later sends, with how it ended', async () => {
      const worker = await mortal();
      const errors = await Promise.all([
        errorOf(worker.send('never')),
        errorOf(worker.send('die')),
        errorOf(worker.ping().then(() => worker.ping().then(() => worker.send('never')))),
      ]);
      errors.push(await errorOf(worker.send('echo', 1)), await errorOf(worker.ping()));
      for (const error of errors) {
        assert.equal(error.code, CRASHED.code, error.stack);
        assert.deepEqual(error.reason, { type: 'exit', code: null, signal: 'SIGKILL' });
        assert.deepEqual([error.attempt, error.maxAttempts], [1, 1]);
      }
      assert.equal(errors[1].messageType, 'die');
      assert.match(errors[1].message, /^Worker crashed \(signal SIGKILL\) while processing 'die'$/);
      for (const { message } of errors.slice(3))
        assert.match(message, /^Worker is not active: it crashed \(signal SIGKILL\)$/);
      assert.throws(() => worker.post('echo', 1), CRASHED);
      assert.equal(worker.state, 'crashed');
    });

    it('when it dies idle is an exit event, and no error', async () => {
      const worker = await mortal();
      const seen = record(worker, 'error', 'exit', 'state', 'restart');
      const exited = once(worker, 'exit');
      kill(worker);
      await exited;
      assert.deepEqual(seen, [
        ['state', 'crashed', 'ready'],
        ['exit', null, 'SIGKILL'],
      ]);
    });

    it('takes an answer that came before the exit', async () => {
      const worker = await start('verbs.js', { transport });
      const call = worker.send('answerAndExit', 200_000);
      const other = errorOf(worker.send('never'));
      assert.equal((await call).length, 200_000);
      assert.equal((await other).code, CRASHED.code);
    });
  });

  describe('with the strategy retry', () => {
    it('sends a call to the next worker, and keeps its promise', async () => {
      const worker = await mortal(RETRY);
      const seen = record(worker, 'restart', 'ready', 'exit', 'error');
      await once(worker, 'ready');
      const before = worker.pid;
      const file = fileFor();
      assert.equal(await worker.send('dieOnce', { file, value: 'at last' }), 'at last');
      assert.deepEqual(seen, [['ready'], ['exit', null, 'SIGKILL'], ['restart', 1], ['ready']]);
      assert.notEqual(worker.pid, before);
      assert.equal(await worker.send('pid'), worker.pid);
    });

    it('starts the next worker as the first, workerData as it was at the start', async () => {
      const workerData = { list: [1, 2] };
      const worker = await mortal({ ...RETRY, workerData, argv: ['--one'] });
      workerData.list.push(3);
      await inRestart(worker);
      const { pid, ...about } = await worker.send('about');
      assert.deepEqual(about, { workerData: { list: [1, 2] }, argv: ['--one'] });
      assert.equal(pid, worker.pid);
    });

    it('is started again when it dies idle, and takes what is sent meanwhile, in order', async () => {
      const worker = await mortal(RETRY);
      await inRestart(worker);
      const calls = Array.from({ length: 200 }, (_, i) => worker.send('echo', { i }));
      assert.equal(worker.stats().callsInFlight, 200);
      const order = [];
      calls.forEach((call, i) => call.then(() => order.push(i)));
      assert.deepEqual(
        await Promise.all(calls),
        [...calls.keys()].map((i) => ({ i })),
      );
      assert.deepEqual(order, [...calls.keys()]);
    });

    it('sends the payload as it was at the call, read once', async () => {
      const worker = await mortal(RETRY);
      let reads = 0;
      const large = Buffer.alloc(300_000, 'a');
      const small = new Uint8Array([1, 2, 3]);
      const value = { large, small, list: [1], [Symbol.iterator]: undefined };
      delete value[Symbol.iterator];
      Object.defineProperty(value, 'read', { enumerable: true, get: () => ++reads });
      const call = worker.send('dieOnce', { file: fileFor(), value });
      large.fill('b');
      small.fill(9);
      value.list.push(2);
      const expected = { large: Buffer.alloc(300_000, 'a'), small: new Uint8Array([1, 2, 3]) };
      assert.deepEqual(await call, { ...expected, list: [1], read: 1 });
      await inRestart(worker);
      const waiting = worker.send('echo', [small, value]);
      small.fill(7);
      assert.deepEqual((await waiting)[0], new Uint8Array([9, 9, 9]));
      assert.equal(reads, 2);
    });

    for (const serializer of ['structured', 'json', 'v8', 'raw']) {
      it(`sends the payload again with the codec ${serializer}`, async () => {
        const worker = await mortal({ ...RETRY, serializer });
        const value = serializer === 'raw' ? Buffer.alloc(50_000, 'r') : { a: [1, 'b'] };
        const inFlight = worker.send('echo', value);
        kill(worker);
        const waiting = once(worker, 'restart').then(() => worker.send('echo', value));
        assert.deepEqual(await Promise.all([inFlight, waiting]), [value, value]);
      });
    }

    it('sends posts that were made while there was none', async () => {
      const worker = await mortal(RETRY);
      const file = fileFor();
      await inRestart(worker);
      for (let i = 0; i < 3; i++) assert.equal(worker.post('note', { file }), true);
      await worker.send('echo', 1);
      assert.equal(fs.readFileSync(file, 'utf8'), '...');
    });

    it('runs a call once in each worker that it meets', async () => {
      const worker = await mortal({ unexpectedShutdown: { strategy: 'retry', attempts: 2 } });
      const file = fileFor();
      await errorOf(worker.send('noteAndDie', { file }));
      assert.equal(fs.readFileSync(file, 'utf8'), '...');
    });

    it('fails a payload that kills each worker, and goes on', async () => {
      const worker = await mortal({ unexpectedShutdown: { strategy: 'retry', attempts: 2 } });
      const error = await errorOf(worker.send('die'));
      assert.equal(error.name, 'PoisonMessageError');
      assert.deepEqual([error.messageType, error.attempts], ['die', 3]);
      const { cause } = error;
      assert.match(cause.message, /^Worker crashed after 3 attempts while processing 'die'/);
      assert.deepEqual([cause.code, cause.attempt, cause.maxAttempts], [CRASHED.code, 3, 3]);
      assert.equal(await worker.send('echo', 'on'), 'on');
    });

    it('does not blame calls that were beside it', async () => {
      const worker = await mortal(RETRY);
      const before = Array.from({ length: 20 }, (_, i) => worker.send('echo', i));
      const poison = errorOf(worker.send('die'));
      const behind = Array.from({ length: 20 }, (_, i) => worker.send('echo', i));
      const expected = [...before.keys()];
      assert.deepEqual(await Promise.all(before), expected);
      assert.deepEqual(await Promise.all(behind), expected);
      assert.equal((await poison).name, 'PoisonMessageError');
    });

    it('rejects a call whose worker others may have killed as crashed, after its attempts', async () => {
      const worker = await mortal(RETRY);
      const calls = [errorOf(worker.send('never')), errorOf(worker.send('never'))];
      await worker.ping();
      await inRestart(worker);
      await once(worker, 'ready');
      // The second has its turn although the first does not end.
      await until(() => worker.stats().queued === 0, 'both are in the worker');
      kill(worker);
      for (const error of await Promise.all(calls)) {
        assert.equal(error.code, CRASHED.code, error.stack);
        assert.deepEqual([error.attempt, error.maxAttempts], [2, 2]);
        assert.match(error.message, /^Worker crashed after 2 attempts while processing 'never'/);
      }
    });

    it('has a strategy for each type', async () => {
      const messages = { dieOnce: { strategy: 'retry' }, never: { strategy: 'reject' } };
      for (const unexpectedShutdown of [{ messages }, messages]) {
        const worker = await mortal({ unexpectedShutdown });
        const never = errorOf(worker.send('never'));
        const echo = errorOf(worker.send('never'));
        assert.equal(await worker.send('dieOnce', { file: fileFor(), value: 1 }), 1);
        assert.equal((await never).code, CRASHED.code);
        assert.equal((await echo).attempt, 1);
        await worker.shutdown();
      }
    });

    it('leaves a call its deadline', async () => {
      const worker = await mortal(RETRY);
      const file = fileFor();
      const asked = Date.now();
      const call = worker.send('timeLeft', file, { timeout: 60_000 });
      await until(() => fs.existsSync(file) && Date.now() - asked > 100, 'it runs');
      const passed = Date.now() - asked;
      await inRestart(worker);
      const left = await call;
      assert.ok(left <= 60_000 - passed + 5, `${left} ms after ${passed}`);
    });

    it('times out a call whose worker died, as run', async () => {
      const worker = await mortal(RETRY);
      const call = errorOf(worker.send('never', undefined, { timeout: 300 }));
      await worker.ping();
      await inRestart(worker);
      const { name, phase, timeout } = await call;
      assert.deepEqual([name, phase, timeout], ['TimeoutError', 'run', 300]);
    });

    it('times out what waits for a worker, as queued', async () => {
      const failsIf = fileFor();
      const worker = await mortal({ ...RETRY, workerData: { failsIf } });
      fs.writeFileSync(failsIf, '');
      await inRestart(worker);
      const error = await errorOf(worker.send('echo', 1, { timeout: 20 }));
      assert.deepEqual([error.name, error.phase], ['TimeoutError', 'queue']);
      const { callsSent, callsFailed, callsInFlight } = worker.stats();
      assert.deepEqual([callsSent, callsFailed, callsInFlight], [1, 1, 0]);
    });

    it('is given up when it cannot be started again', async () => {
      const failsIf = fileFor();
      const worker = await mortal({ ...RETRY, workerData: { failsIf } });
      const seen = record(worker, 'restart', 'error', 'state');
      fs.writeFileSync(failsIf, '');
      await inRestart(worker);
      const waiting = worker.send('echo', 1);
      const error = await errorOf(waiting);
      assert.equal(error.code, CRASHED.code);
      assert.equal(error.cause.code, 'ERR_HAWSER_START');
      await until(() => worker.state === 'crashed', 'it is given up');
      const restarts = seen.filter(([name]) => name === 'restart').map(([, attempt]) => attempt);
      assert.deepEqual(restarts, [1, 2, 3, 4, 5]);
      assert.deepEqual(
        seen.filter(([name]) => name === 'error'),
        [['error', error.cause]],
      );
      assert.deepEqual(seen.at(-2), ['state', 'crashed', 'restarting']);
      assert.equal((await errorOf(worker.send('echo', 1))).cause, error.cause);
      await worker.shutdown();
      assert.equal(worker.state, 'crashed');
    });

    it('bounds what waits: calls by bytes, posts by the marks', async () => {
      const highWaterMark = { bytes: 1000, messages: 10 };
      const worker = await mortal({ ...RETRY, highWaterMark });
      await inRestart(worker);
      const drained = once(worker, 'drain');
      let posted = 0;
      while (worker.post('echo', 'x')) posted++;
      assert.equal(posted, 10);
      const overloaded = { name: 'OverloadedError', code: 'ERR_HAWSER_OVERLOADED' };
      assert.throws(() => {
        for (;;) worker.post('echo', 'x');
      }, overloaded);
      const { queued } = worker.stats();
      assert.ok(queued >= 40 && queued <= 42, String(queued));
      const large = Buffer.alloc(30 * 1024 * 1024);
      const calls = [1, 2, 3].map(() => worker.send('echo', large).then(({ length }) => length));
      await assert.rejects(worker.send('echo', large), overloaded);
      await drained;
      assert.deepEqual(await Promise.all(calls), [large.length, large.length, large.length]);
    });

    it('refuses what cannot be encoded, and an unknown type, also while there is none', async () => {
      const worker = await mortal(RETRY);
      await inRestart(worker);
      await assert.rejects(
        worker.send('echo', () => {}),
        { name: 'SerializationError' },
      );
      await assert.rejects(worker.send('sum', 1), { name: 'UnknownTypeError' });
      await assert.rejects(worker.send('echo', 1, { timeuot: 1 }), { name: 'TypeError' });
      await assert.rejects(worker.ping(), CRASHED);
      assert.throws(() => worker.post('echo', () => {}), { name: 'SerializationError' });
      assert.throws(() => worker.post('sum', 1), { name: 'UnknownTypeError' });
    });

    it('counts over all its processes', async () => {
      const worker = await mortal(RETRY);
      await worker.send('echo', Buffer.alloc(100_000));
      await inRestart(worker);
      await worker.send('echo', Buffer.alloc(100_000));
      const { callsSent, bytesSent, callsFailed } = worker.stats();
      assert.deepEqual([callsSent, callsFailed], [2, 0]);
      assert.ok(bytesSent > 200_000, String(bytesSent));
    });

    it('leaves nothing behind', async () => {
      await (await mortal(RETRY)).shutdown();
      const before = await heldAtRest();
      const { signal } = new AbortController();
      const worker = await mortal({ ...RETRY, signal });
      for (let i = 0; i < 3; i++) {
        const { pid } = worker;
        await inRestart(worker);
        await worker.send('echo', 1);
        await isGone(pid);
      }
      await worker.shutdown();
      await releases(before);
    });
  });
}

describe('a crash over shared memory', () => crashes('shm'));
describe('a crash over a socket', () => crashes('socket'));
