'use strict';

const { cost } = require('./figures.js');
const { measure, quantile, verify } = require('../measure.js');

/** @param {string} label  @param {number} size bytes each way */
module.exports = (label, size) => ({
  name: `bytes-${label.replace(' ', '').toLowerCase()}`,
  title: `Round trip of a Buffer of ${label}, one call in flight`,
  baseline: 'worker-threads',
  contenders: [
    'hawser',
    'hawser-socket',
    'hawser-raw',
    'worker-threads',
    'worker-threads-transfer',
    'fork-json',
    'fork-advanced',
    'json-lines',
  ],
  figures: [
    { key: 'p50', title: 'p50 µs', better: 'lower' },
    { key: 'p99', title: 'p99 µs', better: 'lower' },
    { key: 'megabytes', title: 'MB/s each way', better: 'higher' },
    ...cost,
  ],

  async run(create, settings) {
    const peer = await create();
    await verify(peer, () => filled(size));
    let samples;
    const figures = await measure(
      peer,
      async (count) => (samples = await time(peer, size, count)),
      settings,
    );
    await peer.close();
    return {
      ...figures,
      p50: quantile(samples, 0.5),
      p99: quantile(samples, 0.99),
      megabytes: (figures.perSecond * size) / 1e6,
    };
  },
});

/** A Buffer of its own, not a piece of the pool: a thread would be sent the whole pool. */
function filled(size) {
  const bytes = Buffer.alloc(size);
  for (let offset = 0; offset < size; offset++) bytes[offset] = (offset * 31) & 255;
  return bytes;
}

/** Send on what came back, so that bytes handed over travel like bytes copied. */
async function time(peer, size, count) {
  const samples = new Float64Array(count);
  let bytes = filled(size);
  const last = bytes[size - 1];
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    bytes = await peer.call(bytes);
    samples[index] = (performance.now() - start) * 1000;
    if (bytes.length !== size || bytes[size - 1] !== last) throw new Error('wrong bytes came back');
  }
  return samples;
}
