'use strict';

const { cost, everyone } = require('./figures.js');
const { echoSmall, measure, smallObject, verify } = require('../measure.js');

/** @param {number} lanes calls in flight */
module.exports = (lanes) => ({
  name: `in-flight-${lanes}`,
  title: `Calls with ${lanes} in flight, small object`,
  baseline: 'worker-threads',
  contenders: [...everyone, 'hawser-json', 'hawser-v8'],
  figures: [{ key: 'perSecond', title: 'calls/s', better: 'higher' }, ...cost],

  async run(create, settings) {
    const peer = await create();
    await verify(peer, () => smallObject(0));
    const figures = await measure(peer, (count) => callInLanes(peer, count, lanes), settings);
    await peer.close();
    return figures;
  },
});

async function callInLanes(peer, count, lanes) {
  let next = 0;
  const lane = async () => {
    while (next < count) await echoSmall(peer, next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
