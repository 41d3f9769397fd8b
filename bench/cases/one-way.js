'use strict';

const { cost, everyone } = require('./figures.js');
const { measure, pour, smallObject, verify } = require('../measure.js');

module.exports = {
  name: 'one-way',
  title: 'One-way messages, small object, counted by the receiver',
  baseline: 'worker-threads',
  contenders: [...everyone, 'hawser-json', 'hawser-v8'],
  figures: [{ key: 'perSecond', title: 'messages/s', better: 'higher' }, ...cost],

  async run(create, settings) {
    const peer = await create();
    await verify(peer, () => smallObject(0));
    const figures = await measure(peer, (count) => pourAndTally(peer, count), settings);
    await peer.close();
    return figures;
  },
};

async function pourAndTally(peer, count) {
  await pour(peer, count, (id) => peer.post(smallObject(id)));
  const { counted } = await peer.call(null, 'tally');
  if (counted !== count) throw new Error(`sent ${count}, counted ${counted}`);
}
