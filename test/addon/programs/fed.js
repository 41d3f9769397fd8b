'use strict';

/** A call between two channels of this process, which nothing else keeps alive. */

const { ask, echo, fedPair } = require('../fed-channels');

const pair = fedPair(
  {
    onReady: () => ask(pair.host.channel, 1, Buffer.alloc(300_000)),
    onAnswer: (kind, slot, at) => console.log(`answer: ${pair.host.channel.payload(at).length}`),
  },
  { onRequest: (at) => echo(() => pair.worker)(at) },
  () => 10_000,
);
