'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { bodyOf } = require('./bodies');

const range = (count) => Array.from({ length: count }, (_, i) => i);
const flow = path.join(__dirname, 'workers', 'flow.js');
const MEBIBYTE = 1024 * 1024;

function describeEnding(start) {
  describe('ending', () => {
    it('by shutdown lets running calls end first', async () => {
      const worker = await start();
      const call = worker.send('later', 'done');
      await worker.shutdown();
      assert.equal(await call, 'done');
      assert.equal(worker.state, 'closed');
    });

    it('by shutdown twice ends once, and later calls reject with WorkerClosedError', async () => {
      const worker = await start();
      const exits = [];
      worker.on('exit', (code, signal) => exits.push([code, signal]));
      await Promise.all([worker.shutdown(), worker.shutdown(), worker.close()]);
      await worker.shutdown();
      assert.deepEqual(exits, [[0, null]]);
      await assert.rejects(worker.send('echo', 1), { code: 'ERR_HAWSER_CLOSED' });
      await assert.rejects(worker.ping(), { code: 'ERR_HAWSER_CLOSED' });
      assert.throws(() => worker.post('echo', 1), { code: 'ERR_HAWSER_CLOSED' });
    });

    it('by terminate, twice, rejects what is open with WorkerClosedError', async () => {
      const worker = await start();
      const call = assert.rejects(worker.send('never'), { code: 'ERR_HAWSER_CLOSED' });
      await Promise.all([worker.terminate(), worker.terminate()]);
      await worker.terminate();
      await call;
      assert.equal(worker.state, 'closed');
      assert.equal(worker.pid, undefined);
    });

    it('by process.exit in a call is WorkerCrashedError with the code', async () => {
      const worker = await start();
      const others = assert.rejects(worker.send('never'), { code: 'ERR_HAWSER_CRASHED' });
      await assert.rejects(worker.send('exit', 3), (error) => {
        assert.equal(error.code, 'ERR_HAWSER_CRASHED');
        assert.equal(error.reason.code, 3);
        assert.equal(error.reason.signal, null);
        assert.equal(error.messageType, 'exit');
        return true;
      });
      await others;
      assert.equal(worker.state, 'crashed');
      await assert.rejects(worker.send('echo', 1), { code: 'ERR_HAWSER_CRASHED' });
    });

    it('by a signal in a call is WorkerCrashedError with the signal', async () => {
      const worker = await start();
      await assert.rejects(worker.send('kill'), (error) => {
        assert.equal(error.code, 'ERR_HAWSER_CRASHED');
        assert.equal(error.reason.code, null);
        assert.equal(error.reason.signal, 'SIGKILL');
        return true;
      });
    });

    it('by a signal in the midst of an answer is WorkerCrashedError with the signal', async () => {
      const worker = await start();
      await assert.rejects(worker.send('answerAndDie', 40 * MEBIBYTE), (error) => {
        assert.equal(error.code, 'ERR_HAWSER_CRASHED');
        assert.deepEqual({ ...error.reason }, { type: 'exit', code: null, signal: 'SIGKILL' });
        assert.equal(error.cause, undefined);
        return true;
      });
    });

    for (const bytes of [1, 100_000, 1_000_000, 10_000_000]) {
      it(`by process.exit behind an answer of ${bytes} bytes lets it arrive whole (P2)`, async () => {
        const worker = await start();
        const answer = await worker.send('answerAndExit', bytes);
        assert.ok(answer.equals(Buffer.alloc(bytes, 'z')));
      });
    }

    it('by process.exit lets answers that waited for the host arrive (P2)', async () => {
      const worker = await start();
      const bytes = 300_000;
      const calls = range(14).map((i) =>
        worker.send('answerTogetherAndExit', { bytes, isLast: i === 13 }),
      );
      for (const answer of await Promise.all(calls)) assert.equal(answer.length, bytes);
    });

    it('by process.exit in the midst of calls lets the answers before it arrive (P2)', async () => {
      const worker = await start({ script: flow, highWaterMark: { bytes: 64 * MEBIBYTE } });
      const calls = range(600).map((id) => worker.send('body', { id, length: 4096 }));
      const exit = worker.send('markAndEnd', { id: 0, file: os.devNull, how: 'exit' });
      // More than the worker takes in at a time: the credit for its answers comes behind them.
      const behind = range(3000).map(() => worker.send('echo'));
      const lost = Promise.allSettled([exit, ...behind]);
      for (const [id, body] of (await Promise.all(calls)).entries())
        assert.ok(body.equals(bodyOf(id, 4096)));
      for (const { reason } of await lost) assert.equal(reason.code, 'ERR_HAWSER_CRASHED');
    });
  });
  describeLastPosts(start);
}

/** What was posted before shutdown() is handled before the worker leaves. */
function describeLastPosts(start) {
  describe('shutdown directly after', () => {
    let folder;
    beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-'))));
    afterEach(() => fs.rmSync(folder, { recursive: true }));

    const bodies = (count, length) => Array(count).fill(length);
    const cases = {
      '1 post': [{}, bodies(1, 10)],
      '1000 posts': [{}, bodies(1000, 10)],
      '3000 posts of 1,000 bytes, most of which wait': [{}, bodies(3000, 1000)],
      'posts that wait for message credit': [{ messages: 3 }, bodies(15, 100)],
      'a post of 20 MiB': [{}, bodies(1, 20 * MEBIBYTE)],
      'posts and one of 20 MiB behind them': [{}, [...bodies(500, 1000), 20 * MEBIBYTE]],
      'a post of 20 MiB and others behind it': [
        { bytes: 8 * MEBIBYTE },
        [20 * MEBIBYTE, ...bodies(10, 1000)],
      ],
    };
    for (const [name, [highWaterMark, lengths]] of Object.entries(cases)) {
      it(`${name} lets all of them be handled first`, async () => {
        const file = path.join(folder, 'marks');
        const worker = await start({ script: flow, highWaterMark });
        const type = lengths.length > 1 ? 'markLater' : 'mark';
        lengths.forEach((length, id) => worker.post(type, { id, file, body: bodyOf(id, length) }));
        await worker.shutdown();
        const ran = fs.readFileSync(file, 'utf8').trim().split('\n').map(Number);
        assert.deepEqual(ran, [...lengths.keys()]);
      });
    }

    for (const highWaterMark of [{}, { messages: 2 }]) {
      const name = `calls and posts with ${JSON.stringify(highWaterMark)}`;
      it(`${name} lets the calls be answered and the posts be handled`, async () => {
        const file = path.join(folder, 'marks');
        const worker = await start({ script: flow, highWaterMark });
        const calls = [0, 1, 2, 3, 4].map((id) => worker.send('markLater', { id, file }));
        worker.post('markLater', { id: 5, file });
        const large = worker.send('body', { id: 1, length: 20 * MEBIBYTE });
        worker.post('markLater', { id: 6, file });
        await worker.shutdown();
        assert.deepEqual(await Promise.all(calls), [0, 1, 2, 3, 4]);
        assert.ok((await large).equals(bodyOf(1, 20 * MEBIBYTE)));
        const ran = fs.readFileSync(file, 'utf8').trim().split('\n').map(Number);
        assert.deepEqual(ran, [0, 1, 2, 3, 4, 5, 6]);
      });
    }
  });
}

module.exports = { describeEnding };
