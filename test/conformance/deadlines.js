'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { bodyOf } = require('./bodies');

const script = path.join(__dirname, 'workers', 'flow.js');
const MEBIBYTE = 1024 * 1024;

const range = (count) => Array.from({ length: count }, (_, i) => i);
const timeoutError = (phase, timeout) => ({
  name: 'TimeoutError',
  code: 'ERR_HAWSER_TIMEOUT',
  phase,
  timeout,
});

function describeDeadlines(start) {
  describe('timeout', () => {
    describePrecedence(start);
    describePhases(start);
    describeLateAnswers(start);
  });
}

function describePrecedence(start) {
  it('is that of the call, else of its type, else the default, and 0 is none', async () => {
    const timeout = { message: 30, echo: 40, gather: 0 };
    const worker = await start({ script, timeout });
    const forever = [worker.send('gather', 99), worker.send('untilSignal', 2, { timeout: 0 })];
    await Promise.all([
      assert.rejects(worker.send('untilSignal', 0), timeoutError('run', 30)),
      assert.rejects(worker.send('untilSignal', 1, { timeout: 20 }), timeoutError('run', 20)),
      assert.rejects(worker.send('gather', 99, { timeout: 50 }), timeoutError('run', 50)),
    ]);
    assert.equal(worker.stats().callsInFlight, 2);
    process.kill(worker.pid, 'SIGUSR2');
    assert.equal(await forever[1], 2);
    await worker.terminate();
    await assert.rejects(forever[0], { code: 'ERR_HAWSER_CLOSED' });
  });

  it('as one number is that of every call', async () => {
    const worker = await start({ script, timeout: 25 });
    await assert.rejects(worker.send('untilSignal', 0), timeoutError('run', 25));
    process.kill(worker.pid, 'SIGUSR2');
  });

  it('of thousands of calls needs no timer of JavaScript', async () => {
    const worker = await start({ script });
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout');
    const before = timers().length;
    const calls = range(5000).map((i) => {
      const timeout = 20 + (i % 50);
      return assert.rejects(
        worker.send('untilSignal', i, { timeout }),
        timeoutError('run', timeout),
      );
    });
    assert.equal(timers().length, before);
    await Promise.all(calls);
    assert.equal(worker.stats().callsInFlight, 0);
    process.kill(worker.pid, 'SIGUSR2');
    assert.equal(await worker.send('echo', 'afterwards'), 'afterwards');
  });
}

function describePhases(start) {
  let folder;
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-'))));
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  it("rejects in the phase 'queue' what never left, and the handler never sees it", async () => {
    const worker = await start({ script, highWaterMark: { messages: 1 } });
    const running = worker.send('untilSignal', 1);
    const queued = range(20).map(() => worker.send('untilSignal', 2, { timeout: 20 }));
    await Promise.all(queued.map((call) => assert.rejects(call, timeoutError('queue', 20))));
    process.kill(worker.pid, 'SIGUSR2');
    assert.equal(await running, 1);
    assert.deepEqual((await worker.send('seen')).ids, [1]);
  });

  it("is 'run' for a payload that was half sent, and the next one arrives whole", async () => {
    const worker = await start({ script });
    worker.post('blockUntil', path.join(folder, 'go'));
    const body = bodyOf(1, 20 * MEBIBYTE);
    const halfSent = worker.send('note', { id: 1, body }, { timeout: 30 });
    const behind = worker.send('note', { id: 2, body }, { timeout: 30 });
    await assert.rejects(halfSent, timeoutError('run', 30));
    await assert.rejects(behind, timeoutError('queue', 30));
    const last = worker.send('note', { id: 3, body: bodyOf(3, 5 * MEBIBYTE) });
    fs.writeFileSync(path.join(folder, 'go'), '');
    await last;
    assert.deepEqual(await worker.send('seen'), { ids: [1, 3], wrong: [] });
  });
}

function describeLateAnswers(start) {
  it('has late answers dropped, though their slots are in use again', async () => {
    const worker = await start({ script });
    const late = range(3000).map((i) => worker.send('untilSignal', i, { timeout: 20 }));
    await Promise.all(late.map((call) => assert.rejects(call, timeoutError('run', 20))));
    const { messagesReceived } = worker.stats();
    process.kill(worker.pid, 'SIGUSR2');
    const ids = range(6000);
    assert.deepEqual(
      await Promise.all(ids.map((i) => worker.send('echo', -i))),
      ids.map((i) => -i),
    );
    assert.equal(worker.stats().messagesReceived, messagesReceived + ids.length);
    assert.equal((await worker.send('seen')).ids.length, 3000);
  });

  it('has late answers of many chunks dropped', async () => {
    const worker = await start({ script, highWaterMark: { bytes: 64 * MEBIBYTE } });
    const echoed = bodyOf(0, 3 * MEBIBYTE);
    const late = range(4).map(() => worker.send('echo', echoed, { timeout: 1 }));
    await Promise.allSettled(late);
    assert.ok((await worker.send('echo', echoed)).equals(echoed));
    assert.equal(worker.stats().callsInFlight, 0);
  });
}

module.exports = { describeDeadlines };
