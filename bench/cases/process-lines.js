'use strict';

const { once } = require('node:events');
const { measure, smallObject } = require('../measure.js');

module.exports = {
  name: 'process-lines',
  title: 'Small objects as lines of JSON through `cat` and back',
  baseline: 'stdio-lines',
  contenders: ['process-pipe', 'stdio-lines', 'stdio-lines-joined'],
  figures: [
    { key: 'perSecond', title: 'objects/s', better: 'higher' },
    { key: 'cpu', title: 'CPU s/million, without cat', better: 'lower' },
  ],

  async run(create, settings) {
    const peer = await create();
    const { perSecond, cpu } = await measure(peer, (count) => pass(peer, count), settings);
    await peer.close();
    return { perSecond, cpu };
  },
};

/** Resolves when `count` objects came back, in order. */
async function pass(peer, count) {
  const allCame = arrivals(peer.values, count);
  for (let id = 0; id < count; id++) {
    if (!peer.write(smallObject(id))) await peer.drained();
  }
  peer.flush();
  await allCame;
}

async function arrivals(values, count) {
  let next = 0;
  let wrong = 0;
  const take = ({ id, nested }) => {
    if (id !== next || nested.b !== 'two') wrong += 1;
    next += 1;
    if (next === count) values.emit('all');
  };
  values.on('value', take);
  await once(values, 'all');
  values.off('value', take);
  if (wrong > 0) throw new Error(`${wrong} of ${count} came back wrong`);
}
