'use strict';

const { openPipe } = require('../../../lib/pipe-opening');
const { pipeOptions } = require('../../../lib/pipe-options');
const { StreamPipe } = require('../../../lib/stream-pipe');
const { openChannels } = require('./channel-pair');
const { pipeSuite } = require('./suite');

const log = { error() {} };

/** A pipe that one end of a connection opens and the other is given. */
async function openPair(transport, opener, { signal, ...options } = {}) {
  const channels = await openChannels(transport);
  const [opening, serving] =
    opener === 'host' ? [channels.host, channels.worker] : [channels.worker, channels.host];
  const given = new Promise((resolve) => {
    serving.onStream = (end) => resolve(StreamPipe.accept(end, pipeOptions(options), log));
  });
  const near = openPipe('pair', { ...options, signal }, () => opening);
  return { near, far: await given, close: channels.close };
}

for (const transport of ['shm', 'socket']) {
  for (const opener of ['host', 'worker']) {
    pipeSuite(`openPipe, ${opener} opens, over ${transport}`, (options) =>
      openPair(transport, opener, options),
    );
  }
}
