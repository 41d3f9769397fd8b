'use strict';

/** Has a native worker run for ever, says its pid, and waits to be killed. */

const { createWorker } = require('hawser');

createWorker({ driver: 'native', script: process.argv[2] }).then((worker) => {
  worker.send('spin', null, { timeout: 0 }).catch(() => {});
  worker.ping().then(
    () => {},
    () => {},
  );
  process.nextTick(() => console.log(worker.pid));
});
