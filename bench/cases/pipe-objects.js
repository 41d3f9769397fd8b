'use strict';

const { cost } = require('./figures.js');
const { echoSmall, measure, pour, quantile, smallObject, verify } = require('../measure.js');

/** Values that go there and back alone, before the flood. */
const ALONE = 200;

module.exports = {
  name: 'pipe-objects',
  title: 'Object mode pipe, small objects one way, counted by the reader',
  baseline: 'port-pipe-reference',
  contenders: ['pipe', 'pipe-socket', 'port-pipe', 'port-pipe-reference'],
  figures: [
    { key: 'perSecond', title: 'objects/s', better: 'higher' },
    { key: 'aloneMs', title: 'one there and back, ms', better: 'lower' },
    ...cost,
  ],

  async run(create, settings) {
    const peer = await create();
    await verify(peer, () => smallObject(0));
    const aloneMs = await timeAlone(peer);
    const figures = await measure(peer, (count) => pourAndTally(peer, count), settings);
    await peer.close();
    return { ...figures, aloneMs };
  },
};

async function timeAlone(peer) {
  const times = [];
  for (let id = 0; id < ALONE; id++) {
    const start = performance.now();
    await echoSmall(peer, id);
    times.push(performance.now() - start);
  }
  return quantile(times, 0.5);
}

async function pourAndTally(peer, count) {
  await pour(peer, count, (id) => peer.post(smallObject(id)));
  const { counted } = await peer.call(null, 'tally');
  if (counted !== count) throw new Error(`sent ${count}, counted ${counted}`);
}
