'use strict';

const assert = require('node:assert/strict');
const { getEventListeners } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const script = path.join(__dirname, 'workers', 'cancels.js');
const MEBIBYTE = 1024 * 1024;
const range = (count) => Array.from({ length: count }, (_, i) => i);
const listeners = (signal) => getEventListeners(signal, 'abort').length;
const isReason = (reason) => (error) => error === reason;

function describeCancel(start) {
  describe('signal', () => {
    describeAbort(start);
    describeHandlerSignal(start);
    describeWithdrawal(start);
    describeListeners(start);
  });
}

function describeAbort(start) {
  for (const reason of [new Error('no longer wanted'), 'a string', null]) {
    it(`that aborts rejects with its reason, ${String(reason)}, and aborts the handler's`, async () => {
      const worker = await start({ script });
      const controller = new AbortController();
      const call = worker.send('untilAborted', { id: 1 }, { signal: controller.signal });
      await worker.send('echo');
      controller.abort(reason);
      await assert.rejects(Promise.race([call, worker.ping()]), isReason(reason));
      assert.deepEqual(await worker.send('whenAborted', 1), [1]);
      assert.equal(worker.stats().callsFailed, 1);
    });
  }

  it('that is aborted rejects before the payload is looked at, and the worker sees nothing', async () => {
    const worker = await start({ script });
    const payload = {
      get id() {
        return assert.fail('the payload was read');
      },
    };
    const signal = AbortSignal.abort('before');
    await assert.rejects(worker.send('untilAborted', payload, { signal }), isReason('before'));
    assert.deepEqual(await worker.send('seen'), []);
  });

  it('that a getter of the payload aborts rejects that call, and others go on', async () => {
    const worker = await start({ script });
    const controller = new AbortController();
    const other = worker.send('untilAborted', { id: 1 }, { signal: controller.signal });
    const payload = {
      id: 2,
      get how() {
        controller.abort('while encoding');
        return 'return';
      },
    };
    const call = worker.send('untilAborted', payload, { signal: controller.signal });
    await assert.rejects(call, isReason('while encoding'));
    await assert.rejects(other, isReason('while encoding'));
    assert.deepEqual((await worker.send('whenAborted', 2)).sort(), [1, 2]);
    assert.equal(await worker.send('echo', 3), 3);
  });

  it('that aborts when all is answered changes nothing', async () => {
    const worker = await start({ script });
    const controller = new AbortController();
    assert.equal(await worker.send('echo', 1, { signal: controller.signal }), 1);
    controller.abort();
    assert.equal(await worker.send('echo', 2), 2);
    assert.equal(worker.stats().callsFailed, 0);
  });

  it('that aborts from the answer of another call in the same batch settles each call once', async () => {
    const worker = await start({ script });
    for (let round = 0; round < 50; round++) {
      const controller = new AbortController();
      const { signal } = controller;
      const calls = range(64).map((i) => worker.send('echo', i, { signal }));
      calls[0].then(() => controller.abort('enough'));
      const settled = await Promise.allSettled(calls);
      const again = await Promise.all(range(64).map((i) => worker.send('echo', -i)));
      assert.deepEqual(
        again,
        range(64).map((i) => -i),
      );
      settled.forEach(({ status, value, reason }, i) =>
        assert.ok(status === 'fulfilled' ? value === i : reason === 'enough'),
      );
    }
    assert.equal(worker.stats().callsInFlight, 0);
  });

  it('that aborts the last call lets a shutdown go on', async () => {
    const worker = await start({ script });
    const controller = new AbortController();
    const call = worker.send('untilAborted', { id: 1 }, { signal: controller.signal });
    const closed = worker.shutdown({ timeout: 0 });
    controller.abort('goodbye');
    await assert.rejects(call, isReason('goodbye'));
    await closed;
    assert.equal(worker.state, 'closed');
  });

  it('that is none is refused by name', async () => {
    const worker = await start({ script });
    const wrong = worker.send('echo', 1, { signal: { aborted: false } });
    await assert.rejects(wrong, { name: 'TypeError', message: /option 'signal' must be/ });
  });
}

function describeHandlerSignal(start) {
  let folder;
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-'))));
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  it('of a handler is one, made when asked for, and not aborted while it is waited for', async () => {
    const worker = await start({ script });
    const expected = { same: true, aborted: false, isSignal: true };
    assert.deepEqual(await worker.send('signalOfEachCall'), expected);
  });

  it('of a handler is aborted already where it asks after the abort', async () => {
    const worker = await start({ script });
    const controller = new AbortController();
    const payload = { id: 1, file: path.join(folder, 'go') };
    const call = worker.send('asksLate', payload, { signal: controller.signal });
    controller.abort('early');
    await assert.rejects(call, isReason('early'));
    await worker.send('echo');
    fs.writeFileSync(payload.file, '');
    assert.deepEqual(await worker.send('whenAborted', 1), [1]);
  });

  it('of a handler aborts when its call times out', async () => {
    const worker = await start({ script });
    const call = worker.send('untilAborted', { id: 1 }, { timeout: 20 });
    await assert.rejects(call, { code: 'ERR_HAWSER_TIMEOUT', phase: 'run' });
    assert.deepEqual(await worker.send('whenAborted', 1), [1]);
  });

  it('of a handler aborts for its own call only, though the slot is in use again', async () => {
    const worker = await start({ script });
    const ids = [];
    for (let id = 0; id < 20; id++) {
      const controller = new AbortController();
      const call = worker.send('untilAborted', { id }, { signal: controller.signal });
      controller.abort('next');
      await assert.rejects(call, isReason('next'));
      ids.push(id);
    }
    const staying = worker.send('untilAborted', { id: 'stays' }, { timeout: 0 });
    assert.deepEqual(await worker.send('whenAborted', 20), ids);
    assert.equal(await worker.send('live'), 1);
    await worker.terminate();
    await assert.rejects(staying, { code: 'ERR_HAWSER_CLOSED' });
  });

  it('of a handler has its late answer dropped, thrown or of megabytes', async () => {
    const worker = await start({ script });
    const controller = new AbortController();
    const { signal } = controller;
    const calls = [
      worker.send('untilAborted', { id: 1, how: 'throw' }, { signal }),
      worker.send('untilAborted', { id: 2, bytes: 5 * MEBIBYTE }, { signal }),
    ];
    await worker.send('echo');
    const { messagesReceived } = worker.stats();
    controller.abort('late');
    await Promise.all(calls.map((call) => assert.rejects(call, isReason('late'))));
    await worker.send('whenAborted', 2);
    assert.equal(await worker.send('echo', 'afterwards'), 'afterwards');
    assert.equal(worker.stats().messagesReceived, messagesReceived + 2);
  });
}

function describeWithdrawal(start) {
  let folder;
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-'))));
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  it('that aborts what waits for credit has it withdrawn: no handler runs', async () => {
    const worker = await start({ script, highWaterMark: { messages: 1 } });
    const file = path.join(folder, 'go');
    const running = worker.send('untilFile', { id: 1, file });
    const controller = new AbortController();
    const { signal } = controller;
    const queued = range(50).map(() => worker.send('untilAborted', { id: 2 }, { signal }));
    const last = worker.send('seen');
    controller.abort('not yet');
    await Promise.all(queued.map((call) => assert.rejects(call, isReason('not yet'))));
    fs.writeFileSync(file, '');
    await running;
    assert.deepEqual(await last, [1]);
    assert.equal(worker.stats().queued, 0);
  });

  it('that aborts a running call leaves its credit with the handler until that settles', async () => {
    const worker = await start({ script, highWaterMark: { messages: 1 } });
    const file = path.join(folder, 'go');
    const controller = new AbortController();
    const call = worker.send('untilFile', { id: 1, file }, { signal: controller.signal });
    await worker.ping();
    controller.abort('given up');
    await assert.rejects(call, isReason('given up'));
    const next = worker.send('echo', 'next');
    await worker.ping();
    await worker.ping();
    assert.equal(worker.stats().queued, 1);
    fs.writeFileSync(file, '');
    assert.equal(await next, 'next');
  });
}

function describeListeners(start) {
  it('shared by many calls has one listener of ours, and none when they have settled', async () => {
    const worker = await start({ script });
    const { signal } = new AbortController();
    const calls = range(1000).map((i) => worker.send('echo', i, { signal }));
    assert.equal(listeners(signal), 1);
    await Promise.all(calls);
    assert.equal(listeners(signal), 0);
    await assert.rejects(worker.send('echo', () => {}, { signal }));
    assert.equal(listeners(signal), 0);
  });

  it('has no listener left when its call has timed out, or its worker has ended', async () => {
    const worker = await start({ script });
    const { signal } = new AbortController();
    const late = worker.send('untilAborted', { id: 1 }, { signal, timeout: 20 });
    await assert.rejects(late, { code: 'ERR_HAWSER_TIMEOUT' });
    assert.equal(listeners(signal), 0);
    const lost = worker.send('untilAborted', { id: 1 }, { signal });
    assert.equal(listeners(signal), 1);
    await worker.terminate();
    await assert.rejects(lost, { code: 'ERR_HAWSER_CLOSED' });
    assert.equal(listeners(signal), 0);
  });

  it('of each call of its own aborts that call and no other', async () => {
    const worker = await start({ script });
    const controllers = range(200).map(() => new AbortController());
    const calls = controllers.map(({ signal }, id) =>
      worker.send('untilAborted', { id }, { signal }),
    );
    controllers.forEach((controller, id) => controller.abort(id));
    const settled = await Promise.allSettled(calls);
    assert.deepEqual(
      settled.map(({ reason }) => reason),
      range(200),
    );
    assert.equal((await worker.send('whenAborted', 200)).length, 200);
    assert.equal(await worker.send('live'), 0);
  });
}

module.exports = { describeCancel };
