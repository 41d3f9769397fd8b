'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');

const script = path.join(__dirname, 'workers', 'progresses.js');
const MEBIBYTE = 1024 * 1024;
const range = (count) => Array.from({ length: count }, (_, i) => i + 1);

function describeProgress(start) {
  describe('onProgress', () => {
    for (const turns of [false, true]) {
      it(`hears of each step in order, before the answer, ${turns ? 'as they come' : 'in one batch'}`, async () => {
        const worker = await start({ script });
        const order = [];
        const calls = range(20).map(async (id) => {
          const onProgress = (step) => order.push({ id, step });
          const step = await worker.send('steps', { count: 10, turns }, { onProgress });
          order.push({ id, step });
        });
        await Promise.all(calls);
        for (const id of range(20)) {
          const own = order.filter((entry) => entry.id === id).map(({ step }) => step);
          assert.deepEqual(own, [...range(10), 'done']);
        }
      });
    }

    it('hears of values of megabytes, whole', async () => {
      const worker = await start({ script, highWaterMark: { bytes: 64 * MEBIBYTE } });
      const heard = [];
      const onProgress = ({ step, body }) => heard.push([step, body.length]);
      const body = Buffer.alloc(3 * MEBIBYTE);
      await worker.send('steps', { count: 3, body }, { onProgress });
      assert.deepEqual(
        heard,
        range(3).map((step) => [step, body.length]),
      );
    });

    it('hears nothing when the call has settled, or was given up', async () => {
      const worker = await start({ script });
      const heard = [];
      const onProgress = (value) => heard.push(value);
      await worker.send('keep', undefined, { onProgress });
      const others = await worker.send('progressOfKept', undefined, { onProgress });
      assert.equal(others, 'told');
      const controller = new AbortController();
      const begun = new Promise((resolve) => {
        const options = { signal: controller.signal, onProgress: (value) => resolve(value) };
        worker.send('untilAborted', undefined, options).catch((error) => heard.push(error));
      });
      assert.equal(await begun, 'begun');
      controller.abort('enough');
      assert.equal(await worker.send('echo', 1), 1);
      assert.deepEqual(heard, ['enough']);
    });

    it('that aborts its own call hears no more of it, though more is there', async () => {
      const worker = await start({ script });
      const controller = new AbortController();
      const heard = [];
      const onProgress = (step) => {
        heard.push(step);
        controller.abort('at once');
      };
      const options = { signal: controller.signal, onProgress };
      const call = worker.send('stepsAndNoAnswer', { count: 50 }, options);
      await assert.rejects(call, (error) => error === 'at once');
      assert.equal(await worker.send('echo', 1), 1);
      assert.deepEqual(heard, [1]);
    });

    it('need not be there, and a post has none', async () => {
      const worker = await start({ script });
      assert.equal(await worker.send('steps', { count: 5 }), 'done');
      worker.post('posted');
      assert.equal(await worker.send('echo', 1), 1);
    });

    it('hears of nothing that cannot be encoded: the handler is told', async () => {
      const worker = await start({ script });
      const call = worker.send('refused', undefined, { onProgress: assert.fail });
      await assert.rejects(call, { code: 'ERR_HAWSER_SERIALIZE' });
    });
  });
}

module.exports = { describeProgress };
