'use strict';

const { setTimeout: delay } = require('node:timers/promises');
const { echoSmall, usage } = require('../measure.js');

module.exports = {
  name: 'idle-call',
  title: 'One second of waiting for an answer that does not come, right after busy traffic',
  contenders: [
    'hawser',
    'hawser-socket',
    'hawser-spin-0',
    'worker-threads',
    'fork-json',
    'json-lines',
  ],
  figures: [
    { key: 'hostCpu', title: 'host CPU ms', better: 'lower' },
    { key: 'workerCpu', title: 'worker CPU ms', better: 'lower' },
    { key: 'sleeps', title: 'sleeps of both', better: 'lower' },
  ],

  async run(create, { idleMs, warmUpMs }) {
    const peer = await create();
    const busyUntil = performance.now() + warmUpMs;
    for (let id = 0; performance.now() < busyUntil; id++) await echoSmall(peer, id);
    const before = await usage(peer);
    peer.call(null, 'never').catch(() => {}); // refused when the peer closes
    await delay(idleMs);
    const after = await usage(peer);
    await peer.close();
    return perSecond(before, after, idleMs);
  },
};

function perSecond(before, after, elapsedMs) {
  const spent = (side, key) => ((after[side][key] - before[side][key]) * 1000) / elapsedMs;
  return {
    hostCpu: spent('host', 'cpu') / 1000,
    workerCpu: spent('worker', 'cpu') / 1000,
    sleeps: spent('host', 'sleeps') + spent('worker', 'sleeps'),
  };
}
