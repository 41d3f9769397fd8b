'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { along, closed, collect, DIRECTIONS, eventsOf, finish, take } = require('./ends');

/** @param {(options?: object) => Promise<any>} open */
exports.describeHalves = (open) => {
  for (const direction of DIRECTIONS) {
    it(`ends one way behind all data, the other goes on, ${direction}`, async () => {
      const pair = await open({ objectMode: true, highWaterMark: 4 });
      const { from, to } = along(pair, direction);
      for (let i = 0; i < 100; i++) from.write(i);
      from.end('last');
      const arrived = await collect(to);
      assert.equal(arrived.length, 101);
      assert.equal(arrived[100], 'last');
      assert.equal(to.writable, true);
      for (const answer of ['a', 'b', 'c']) to.write(answer);
      assert.deepEqual(await take(from, 3), ['a', 'b', 'c']);
      assert.equal(from.destroyed, false);
      await finish(pair);
    });
  }

  it('closes either end once, when both ways are over', async () => {
    for (const objectMode of [true, false]) {
      const pair = await open({ objectMode });
      const seen = [eventsOf(pair.near), eventsOf(pair.far)];
      pair.near.write('x');
      await finish(pair);
      await new Promise(setImmediate);
      for (const events of seen) {
        assert.deepEqual([...events].sort(), ['close', 'end', 'finish']);
        assert.equal(events.at(-1), 'close');
      }
    }
  });

  it('ends without having carried anything', async () => {
    const pair = await open();
    pair.near.end();
    pair.far.resume();
    await once(pair.far, 'end');
    await finish(pair);
  });

  it('lets what has arrived be read after the other end is through with everything', async () => {
    const { near, far } = await open({ objectMode: true });
    far.end();
    near.resume();
    near.write(1);
    near.end(2);
    assert.equal(await closed(near), undefined);
    assert.deepEqual(await collect(far), [1, 2]);
    assert.equal(await closed(far), undefined);
  });

  it('refuses a write after end, and destroys both ends', async () => {
    const { near, far } = await open({ objectMode: true });
    const errors = [near, far].map((pipe) => new Promise((resolve) => pipe.once('error', resolve)));
    near.write(1);
    near.cork(); // so that the end has not gone out
    near.end();
    near.write(2);
    const [own] = await Promise.all([errors[0], closed(near)]);
    assert.equal(own.code, 'ERR_STREAM_WRITE_AFTER_END');
    far.resume();
    await closed(far);
  });
};
