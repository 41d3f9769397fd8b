'use strict';

const { codecs, cost, everyone, native } = require('./figures.js');
const { echoSmall, measure, quantile, smallObject, verify } = require('../measure.js');

module.exports = {
  name: 'round-trip',
  title: 'Round trip, one call in flight, small object',
  baseline: 'worker-threads',
  contenders: [...everyone, ...codecs, ...native],
  figures: [
    { key: 'p50', title: 'p50 µs', better: 'lower' },
    { key: 'p99', title: 'p99 µs', better: 'lower' },
    ...cost,
  ],

  async run(create, settings) {
    const peer = await create();
    await verify(peer, () => smallObject(0));
    let samples;
    const figures = await measure(
      peer,
      async (count) => (samples = await time(peer, count)),
      settings,
    );
    await peer.close();
    return { ...figures, p50: quantile(samples, 0.5), p99: quantile(samples, 0.99) };
  },
};

/** @returns {Promise<Float64Array>} microseconds of each call */
async function time(peer, count) {
  const samples = new Float64Array(count);
  for (let id = 0; id < count; id++) {
    const start = performance.now();
    await echoSmall(peer, id);
    samples[id] = (performance.now() - start) * 1000;
  }
  return samples;
}
