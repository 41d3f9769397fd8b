'use strict';

const { pour, smallObject, verify } = require('../measure.js');

const CHUNK = 64 * 1024;
const MIB = 1024 * 1024;
const residentMiB = () => process.memoryUsage.rss() / MIB;

module.exports = {
  name: 'flood',
  title: 'Flood of 64 KiB messages at a worker that is blocked at first',
  contenders: ['hawser', 'hawser-socket', 'worker-threads', 'fork-advanced', 'json-lines'],
  figures: [
    { key: 'growth', title: 'host grew MiB', better: 'lower' },
    { key: 'pauses', title: 'told to wait', better: null },
    { key: 'seconds', title: 'seconds in all', better: 'lower' },
    { key: 'sent', title: 'MiB sent', better: null },
  ],

  async run(create, { floodMiB, blockMs }) {
    const peer = await create();
    await verify(peer, () => smallObject(0));
    const count = (floodMiB * MIB) / CHUNK;
    const start = performance.now();
    peer.post(blockMs, 'block');
    const { growth, pauses } = await flood(peer, count);
    const { counted, misplaced } = await peer.call(null, 'tally');
    const seconds = (performance.now() - start) / 1000;
    await peer.close();
    if (counted !== count) throw new Error(`sent ${count}, arrived ${counted}`);
    if (misplaced > 0) throw new Error(`${misplaced} of ${count} out of order`);
    return { growth, pauses, seconds, sent: floodMiB };
  },
};

/** The bytes are taken at the call, so one chunk serves for all. */
async function flood(peer, count) {
  const chunk = Buffer.alloc(CHUNK);
  const before = residentMiB();
  let peak = before;
  const look = () => (peak = Math.max(peak, residentMiB()));
  const looking = setInterval(look, 20);
  const post = (index) => {
    chunk.writeUInt32LE(index);
    return peer.post(chunk, 'countInOrder');
  };
  const pauses = await pour(peer, count, post, look);
  look();
  clearInterval(looking);
  return { growth: peak - before, pauses };
}
