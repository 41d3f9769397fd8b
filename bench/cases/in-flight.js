'use strict';

const { codecs, cost, everyone, native } = require('./figures.js');
const { echoSmall, measure, smallObject, verify } = require('../measure.js');

/** @param {number} size calls in flight */
module.exports = (size) => ({
  name: `in-flight-${size}`,
  title: `Calls with ${size} in flight, small object`,
  baseline: 'worker-threads',
  contenders: [...everyone, ...codecs, ...native, 'hawser-signal'],
  figures: [{ key: 'perSecond', title: 'calls/s', better: 'higher' }, ...cost],

  async run(create, settings) {
    const peer = await create();
    await verify(peer, () => smallObject(0));
    const figures = await measure(peer, (count) => callInBatches(peer, count, size), settings);
    await peer.close();
    return figures;
  },
});

/** In batches, which suits worker_threads better than topping up after every answer. */
async function callInBatches(peer, count, size) {
  for (let first = 0; first < count; first += size) {
    const length = Math.min(size, count - first);
    await Promise.all(Array.from({ length }, (_, at) => echoSmall(peer, first + at)));
  }
}
