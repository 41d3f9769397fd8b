'use strict';

const { measure, pour, quantile, verify } = require('../measure.js');

const CHUNK_BYTES = 64 * 1024;

module.exports = {
  name: 'beside-a-pipe',
  title: 'Round trip of a call alone, and beside a pipe that is kept full',
  baseline: null,
  contenders: ['byte-pipe', 'byte-pipe-socket'],
  figures: [
    { key: 'alone', title: 'alone p99 µs', better: 'lower' },
    { key: 'beside', title: 'beside p99 µs', better: 'lower' },
    { key: 'ratio', title: 'times', better: 'lower' },
    { key: 'megabytes', title: 'MB/s', better: 'higher' },
  ],

  async run(create, settings) {
    const peer = await create();
    await verify(peer, () => 'there');
    const alone = await timeCalls(peer, settings);
    const pump = startPump(peer);
    const before = performance.now();
    const beside = await timeCalls(peer, settings);
    const seconds = (performance.now() - before) / 1000;
    const bytes = await pump.stop();
    await peer.close();
    return { alone, beside, ratio: beside / alone, megabytes: bytes / seconds / 1e6 };
  },
};

/** @returns {Promise<number>} the p99, in microseconds */
async function timeCalls(peer, settings) {
  let samples = [];
  await measure(
    peer,
    async (count) => {
      samples = new Float64Array(count);
      for (let index = 0; index < count; index++) {
        const start = performance.now();
        await peer.call(index, 'echo');
        samples[index] = (performance.now() - start) * 1000;
      }
    },
    settings,
  );
  return quantile(samples, 0.99);
}

/** Writes whenever it may. */
function startPump(peer) {
  const chunk = Buffer.alloc(CHUNK_BYTES, 7);
  let sent = 0;
  let isStopped = false;
  const done = (async () => {
    while (!isStopped) {
      await pour(peer, 16, () => peer.post(chunk));
      sent += 16 * CHUNK_BYTES;
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await done;
      return sent;
    },
  };
}
