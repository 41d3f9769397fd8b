'use strict';

const { cost } = require('./figures.js');
const { measure, pour, verify } = require('../measure.js');

const CHUNK_BYTES = 64 * 1024;

module.exports = {
  name: 'pipe-bytes',
  title: 'Byte mode pipe, chunks of 64 KiB one way, counted by the reader',
  baseline: 'byte-net',
  contenders: ['byte-pipe', 'byte-pipe-socket', 'byte-net', 'byte-stdio'],
  figures: [{ key: 'megabytes', title: 'MB/s', better: 'higher' }, ...cost],

  async run(create, settings) {
    const peer = await create();
    await verify(peer, () => 'there');
    const chunk = Buffer.alloc(CHUNK_BYTES, 7);
    let sent = 0;
    const figures = await measure(
      peer,
      async (count) => {
        await pour(peer, count, () => peer.post(chunk));
        sent += count * CHUNK_BYTES;
        const counted = await peer.call(sent, 'tally');
        if (counted !== sent) throw new Error(`sent ${sent} bytes, counted ${counted}`);
      },
      settings,
    );
    await peer.close();
    return { ...figures, megabytes: (figures.perSecond * CHUNK_BYTES) / 1e6 };
  },
};
