'use strict';

const assert = require('node:assert/strict');
const { along, collect, DIRECTIONS, pattern, pour, take } = require('./ends');

/** Lengths around what carriers cut and gather at. */
const LENGTHS = [1, 0, 7, 1024, 16_384, 16_385, 65_536, 65_537, 300_000, 1_200_000, 3];

function* chunksOf(lengths) {
  let from = 0;
  for (const length of lengths) {
    yield pattern(length, from);
    from += length;
  }
}

/** What read(length) gives once it gives something. */
function readWhole(pipe, length) {
  return new Promise((resolve) => {
    pipe.on('readable', function again() {
      const bytes = pipe.read(length);
      if (bytes === null) return;
      pipe.off('readable', again);
      resolve(bytes);
    });
  });
}

/** @param {(options?: object) => Promise<any>} open */
exports.describeBytes = (open) => {
  const total = LENGTHS.reduce((sum, length) => sum + length, 0);

  for (const direction of DIRECTIONS) {
    for (const highWaterMark of [undefined, 1000]) {
      const mark = highWaterMark ?? 'the usual';
      it(`carries chunks of all lengths as Buffers, ${direction}, mark ${mark}`, async () => {
        const { from, to } = along(await open({ highWaterMark }), direction);
        const pouring = pour(from, chunksOf(LENGTHS)).then(() => from.end());
        const [arrived] = await Promise.all([collect(to), pouring]);
        assert.ok(arrived.every(Buffer.isBuffer));
        assert.ok(Buffer.concat(arrived).equals(pattern(total)));
      });
    }

    it(`does not starve a reader that wants more than half a mark at once, ${direction}`, async () => {
      const { from, to } = along(await open({ highWaterMark: 1000 }), direction);
      const pouring = pour(from, [pattern(3000)]);
      assert.ok((await take(to, 200)).equals(pattern(200)));
      assert.ok((await readWhole(to, 950)).equals(pattern(950, 200)));
      assert.ok((await readWhole(to, 1850)).equals(pattern(1850, 1150)));
      await pouring;
    });

    it(`gives a reader the bytes that it asks for, beyond the mark too, ${direction}`, async () => {
      const { from, to } = along(await open({ highWaterMark: 1000 }), direction);
      const pouring = pour(from, [pattern(10_000)]);
      assert.ok((await take(to, 900)).equals(pattern(900)));
      assert.ok((await readWhole(to, 5000)).equals(pattern(5000, 900)));
      assert.ok((await take(to, 4100)).equals(pattern(4100, 5900)));
      await pouring;
    });
  }

  it('does not see what the writer does to a chunk once its write was answered', async () => {
    const { near, far } = await open();
    const chunk = Buffer.alloc(40_000, 1);
    await new Promise((resolve) => near.write(chunk, resolve));
    chunk.fill(2);
    near.end();
    assert.ok(Buffer.concat(await collect(far)).equals(Buffer.alloc(40_000, 1)));
  });

  it('takes text in the encoding it is written in, and gives it as setEncoding says', async () => {
    const { near, far } = await open({ highWaterMark: 5 });
    far.setEncoding('utf8');
    near.write('c3bc', 'hex');
    near.end('größer als die Marke: €€€€€');
    assert.equal((await collect(far)).join(''), 'ügrößer als die Marke: €€€€€');
  });
};
