'use strict';

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const { along, collect, DIRECTIONS, finish, pattern, pour, take } = require('./ends');

/** Messages the other way, while which anything that is still under way arrives. */
const ROUNDS = 20;
const MARK = 8;

/** Let messages come the other way: what is on its way gets the time to go wrong. */
async function ticks(from, to, tick) {
  for (let i = 0; i < ROUNDS; i++) {
    from.write(tick);
    await Promise.all([take(to, 1), new Promise(setImmediate)]);
  }
}

/** Write `count` chunks without regard to what write() says. @returns {() => number} answered */
function flood(pipe, count, make) {
  let answered = 0;
  for (let i = 0; i < count; i++) pipe.write(make(i), (error) => (answered += error ? 0 : 1));
  return () => answered;
}

/** @param {(options?: object) => Promise<any>} open */
exports.describeFlow = (open) => {
  for (const direction of DIRECTIONS) {
    it(`answers no more writes than the windows hold while nobody reads, ${direction}`, async () => {
      const options = { objectMode: true, highWaterMark: MARK };
      const { from, to } = along(await open(options), direction);
      const answered = flood(from, 50 * MARK, (id) => ({ id }));
      await ticks(to, from, 'tick');
      assert.ok(answered() <= 2 * MARK, `${answered()} writes were answered`);
      assert.equal(from.write('more'), false);
      const arrived = await take(to, 50 * MARK);
      assert.deepEqual(
        arrived.map(({ id }) => id),
        Array.from({ length: 50 * MARK }, (_, id) => id),
      );
    });

    it(`holds no more bytes than the windows while nobody reads, ${direction}`, async () => {
      const highWaterMark = 4096;
      const { from, to } = along(await open({ highWaterMark }), direction);
      const answered = flood(from, 500, (i) => pattern(1024, i * 1024));
      await ticks(to, from, Buffer.from('.'));
      assert.ok(answered() * 1024 <= 2 * highWaterMark, `${answered()} writes were answered`);
      assert.ok((await take(to, 500 * 1024)).equals(pattern(500 * 1024)));
    });

    it(`says drain when the reader has read, again and again, ${direction}`, async () => {
      const options = { objectMode: true, highWaterMark: MARK };
      const { from, to } = along(await open(options), direction);
      let drains = 0;
      from.on('drain', () => drains++);
      for (let round = 1; round <= 5; round++) {
        flood(from, 4 * MARK, (id) => id);
        await ticks(to, from, 'tick');
        assert.equal(from.writableNeedDrain, true);
        assert.equal(drains, round - 1);
        assert.equal((await take(to, 4 * MARK)).length, 4 * MARK);
        if (drains < round) await once(from, 'drain');
      }
    });
  }

  it('is not brought to a stop by a flood of both ends at once', async () => {
    const { near, far } = await open({ highWaterMark: 3000 });
    const lengths = Array.from({ length: 400 }, (_, i) => 1 + ((i * 7919) % 5000));
    const sums = [near, far].map(async (pipe) => {
      const hash = createHash('sha256');
      for await (const chunk of pipe.iterator({ destroyOnReturn: false })) hash.update(chunk);
      return hash.digest('hex');
    });
    const written = [near, far].map(async (pipe, side) => {
      const hash = createHash('sha256');
      for (const length of lengths) {
        const chunk = pattern(length, side * 100 + length);
        hash.update(chunk);
        if (!pipe.write(chunk)) await once(pipe, 'drain');
      }
      pipe.end();
      return hash.digest('hex');
    });
    const [toFar, toNear] = await Promise.all(written);
    assert.deepEqual(await Promise.all(sums), [toNear, toFar]);
  });

  it('works with a mark of one, in values and in bytes', async () => {
    const values = await open({ objectMode: true, highWaterMark: 1 });
    const sent = Array.from({ length: 100 }, (_, i) => i);
    const pouring = pour(values.near, sent).then(() => values.near.end());
    assert.deepEqual(await collect(values.far), sent);
    await pouring;
    const bytes = await open({ highWaterMark: 1 });
    bytes.far.end(pattern(100));
    assert.ok(Buffer.concat(await collect(bytes.near)).equals(pattern(100)));
  });

  it('sends what was corked when it is uncorked, in order', async () => {
    const pair = await open({ objectMode: true });
    const { near, far } = pair;
    near.write(0);
    near.cork();
    for (let i = 1; i < 10; i++) near.write(i);
    await ticks(far, near, 'tick');
    assert.deepEqual(await take(far, 1), [0]);
    assert.equal(far.read(), null);
    near.uncork();
    assert.deepEqual(await take(far, 9), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await finish(pair);
  });
};
