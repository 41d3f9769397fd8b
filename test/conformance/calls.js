'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const flow = path.join(__dirname, 'workers', 'flow.js');
const MEBIBYTE = 1024 * 1024;
const CALLS_IN_FLIGHT = 65_536;
const OVERLOADED = { name: 'OverloadedError', code: 'ERR_HAWSER_OVERLOADED' };

const range = (count) => Array.from({ length: count }, (_, i) => i);

function describeManyCalls(start) {
  describe('calls in flight', () => {
    it('are each run once and answered with their own result', async () => {
      const worker = await start();
      const ids = range(5000);
      const answers = await Promise.all(ids.map((id) => worker.send('count', id)));
      assert.deepEqual(answers, ids);
      const counts = await worker.send('counts');
      assert.equal(counts.length, 5000);
      assert.ok(counts.every((count) => count === 1));
    });

    for (const count of [5000, CALLS_IN_FLIGHT]) {
      it(`may be ${count}, all running at once`, async () => {
        const worker = await start({ script: flow });
        await worker.send('echo', 'its credit is free again');
        const answers = await Promise.all(range(count).map(() => worker.send('gather', count)));
        assert.ok(answers.every((running) => running === count));
      });
    }

    it('over their limit wait in a queue, and over that reject with OverloadedError (R4)', async () => {
      const worker = await start({ script: flow });
      const calls = range(2 * CALLS_IN_FLIGHT).map(() => worker.send('gather', CALLS_IN_FLIGHT));
      await assert.rejects(worker.send('echo', 1), OVERLOADED);
      await assert.rejects(worker.ping(), OVERLOADED);
      assert.equal((await Promise.all(calls)).length, 2 * CALLS_IN_FLIGHT);
      assert.equal(await worker.send('echo', 'as before'), 'as before');
    });

    it('that wait with more than 64 MiB make others reject with OverloadedError', async () => {
      const worker = await start({ script: flow });
      const body = Buffer.alloc(MEBIBYTE);
      const settled = await Promise.allSettled(range(100).map(() => worker.send('lengthOf', body)));
      const answered = settled.filter(({ value }) => value === MEBIBYTE);
      const refused = settled.filter(({ reason }) => reason?.code === OVERLOADED.code);
      assert.equal(answered.length + refused.length, 100);
      assert.ok(answered.length >= 64 && answered.length <= 67, `${answered.length} were accepted`);
      assert.equal(await worker.send('lengthOf', body), MEBIBYTE);
    });

    it('are answered in the order in which their handlers end', async () => {
      const worker = await start();
      const order = [];
      const note = (value) => order.push(value);
      await Promise.all([worker.send('behind', 1).then(note), worker.send('ahead', 2).then(note)]);
      assert.deepEqual(order, [2, 1]);
    });

    it('leave none counted once they are answered', async () => {
      const worker = await start();
      const calls = [1, 2, 3].map((n) => worker.send('later', n));
      assert.equal(worker.stats().callsInFlight, 3);
      await Promise.all(calls);
      assert.equal(worker.stats().callsInFlight, 0);
      assert.equal(worker.stats().callsSent, 3);
    });

    it('have ping answer with a number of milliseconds', async () => {
      const worker = await start();
      const milliseconds = await worker.ping();
      assert.equal(typeof milliseconds, 'number');
      assert.ok(milliseconds > 0);
    });

    it('that keep the worker busy let its loop turn between them', async () => {
      const worker = await start();
      const calls = range(20).map(() => worker.send('turnsBefore', 3));
      assert.deepEqual(await Promise.all(calls), range(20));
    });
  });
  describeOnce(start);
}

/** Calls whose ids both sides write down: the worker in a file, which outlives it. */
function describeOnce(start) {
  describe('nothing is delivered twice', () => {
    let folder;
    beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-'))));
    afterEach(() => fs.rmSync(folder, { recursive: true }));

    const COUNT = 2000;
    const endings = {
      'when the worker exits': { type: 'markAndEnd', how: 'exit', code: 'ERR_HAWSER_CRASHED' },
      'when the worker is killed': {
        type: 'markAndEnd',
        how: 'SIGKILL',
        code: 'ERR_HAWSER_CRASHED',
      },
      'when it is terminated': { type: 'mark', code: 'ERR_HAWSER_CLOSED' },
      'when calls time out': { type: 'mark', timeout: 1, code: 'ERR_HAWSER_TIMEOUT' },
      'when every call is answered': { type: 'mark' },
    };
    for (const [name, { type, how, timeout, code }] of Object.entries(endings)) {
      it(name, async () => {
        const file = path.join(folder, 'marks');
        const worker = await start({ script: flow });
        const first = worker.send('mark', { id: 0, file });
        const ended = code === 'ERR_HAWSER_CLOSED' && first.then(() => worker.terminate());
        const calls = range(COUNT).map((i) => {
          const isLast = i === COUNT / 2;
          const options = timeout && i % 2 ? { timeout } : {};
          return worker.send(isLast ? type : 'markLater', { id: i + 1, file, how }, options);
        });
        const settled = await Promise.allSettled([first, ...calls]);
        await ended; // handlers may run until then
        if (!how) await worker.shutdown(); // late ones run as well
        const ran = fs.readFileSync(file, 'utf8').trim().split('\n').map(Number);
        checkOnce(settled, new Set(ran), code);
        assert.equal(new Set(ran).size, ran.length, 'an id was handled twice');
        const answered = settled.filter(({ status }) => status === 'fulfilled');
        const { messagesReceived } = worker.stats();
        if (ended)
          assert.ok(messagesReceived >= answered.length); // it answered on until its end
        else assert.equal(messagesReceived, answered.length);
      });
    }
  });
}

/** Each was answered with its own id after it ran, or rejected with that code. */
function checkOnce(settled, ran, code) {
  settled.forEach(({ status, value, reason }, id) => {
    if (status === 'rejected') assert.equal(reason.code, code);
    else assert.ok(value === id && ran.has(id), `call ${id} was answered with ${value}`);
  });
}

module.exports = { describeManyCalls };
