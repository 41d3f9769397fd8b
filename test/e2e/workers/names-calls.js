'use strict';

const hawser = require('hawser/worker');

const early = hawser.workerData === 'before' ? hawser.parent : undefined;
let count = 0;

hawser.startWorkerServer(
  { ask: () => Promise.all(['a', 'b'].map((of) => (early ?? hawser.parent).send('name', of))) },
  { txIdGenerator: ({ type, payload }) => `${type} ${++count} of ${payload}` },
);
