'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const path = require('node:path');
const { setImmediate: turn } = require('node:timers/promises');
const { bodyOf } = require('./bodies');

const script = path.join(__dirname, 'workers', 'flow.js');
const MEBIBYTE = 1024 * 1024;

function describeLargeMessages(start) {
  describe('large messages', () => {
    for (const highWaterMark of [{}, { bytes: 64 * 1024 }, { messages: 1 }, { messages: 3 }]) {
      it(`of 20 MiB pass each other both ways, with ${JSON.stringify(highWaterMark)} (R3)`, async () => {
        const worker = await start({ script, highWaterMark });
        const bodies = [1, 2, 3].map((id) => bodyOf(id, 20 * MEBIBYTE));
        const echoed = bodies.map((body) => worker.send('echo', body));
        const made = [4, 5, 6].map((id) => worker.send('body', { id, length: 20 * MEBIBYTE }));
        for (const [i, answer] of (await Promise.all(echoed)).entries())
          assert.ok(answer.equals(bodies[i]));
        for (const [i, answer] of (await Promise.all(made)).entries())
          assert.ok(answer.equals(bodyOf(4 + i, 20 * MEBIBYTE)));
      });
    }

    it('let ping pass on their way there', async () => {
      const worker = await start({ script });
      const order = [];
      const note = (name) => () => order.push(name);
      const call = worker.send('lengthOf', bodyOf(1, 60 * MEBIBYTE)).then(note('call'));
      await Promise.all([call, worker.ping().then(note('ping'))]);
      assert.deepEqual(order, ['ping', 'call']);
    });

    it('let ping pass on their way back', async () => {
      const worker = await start({ script });
      const order = [];
      const note = (name) => () => order.push(name);
      const call = worker.send('body', { id: 1, length: 60 * MEBIBYTE }).then(note('call'));
      await Promise.all([call, worker.ping().then(note('ping'))]);
      assert.deepEqual(order, ['ping', 'call']);
    });

    it('arrive while the host is kept awake by another worker', async () => {
      const worker = await start({ script, spin: 0 });
      const other = await start({ spin: 1000 });
      other.send('never').catch(() => {}); // an answer that the host waits for
      let arrived = false;
      const call = worker.send('lengthOf', bodyOf(1, 60 * MEBIBYTE));
      call.finally(() => (arrived = true)).catch(() => {});
      while (!arrived && other.isActive) {
        other.post('echo');
        await turn();
      }
      assert.equal(await call, 60 * MEBIBYTE);
      await other.terminate();
    });

    it('keep the order of what is sent behind them', async () => {
      const worker = await start({ script, highWaterMark: { bytes: 64 * MEBIBYTE } });
      for (const [id, length] of [10, 20 * MEBIBYTE, 0, 5 * MEBIBYTE, 100_000, 1].entries())
        if (!worker.post('note', { id, body: bodyOf(id, length) })) await once(worker, 'drain');
      assert.deepEqual(await worker.send('seen'), { ids: [0, 1, 2, 3, 4, 5], wrong: [] });
    });

    describeLimit(start);
  });
}

function describeLimit(start) {
  const tooLarge = (error) => {
    assert.equal(error.name, 'TooLargeError');
    assert.equal(error.code, 'ERR_HAWSER_TOO_LARGE');
    const [size, limit] = error.message.match(/\d+/g).map(Number);
    assert.equal(limit, 4096);
    assert.ok(size >= 5000 && size < 5100, `the size is ${size}`);
    return true;
  };

  it('over maxMessageBytes are TooLargeError in the host, with size and limit', async () => {
    const worker = await start({ script, maxMessageBytes: 4096 });
    const body = bodyOf(0, 5000);
    await assert.rejects(worker.send('echo', body), tooLarge);
    assert.throws(() => worker.post('note', { id: 0, body }), tooLarge);
    assert.deepEqual((await worker.send('seen')).ids, []);
  });

  it('over maxMessageBytes are TooLargeError in the worker, with size and limit', async () => {
    const worker = await start({ script, maxMessageBytes: 4096 });
    await assert.rejects(worker.send('body', { id: 0, length: 5000 }), tooLarge);
    assert.ok((await worker.send('body', { id: 1, length: 4000 })).equals(bodyOf(1, 4000)));
  });

  it('of start may have 64 KiB whatever maxMessageBytes, and no more (P4.6)', async () => {
    const options = { script, maxMessageBytes: 1 };
    const worker = await start({ ...options, workerData: bodyOf(0, 65_000) });
    assert.equal(await worker.send('seen').catch(({ code }) => code), 'ERR_HAWSER_TOO_LARGE');
    await assert.rejects(start({ ...options, workerData: bodyOf(0, 65_536) }), {
      code: 'ERR_HAWSER_TOO_LARGE',
    });
  });
}

module.exports = { describeLargeMessages };
