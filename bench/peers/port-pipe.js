'use strict';

const { workerData } = require('node:worker_threads');
const { openPortPipe } = require('./open-port-pipe.js');

const pipe = openPortPipe(workerData.port, workerData.adapter);
let counted = 0;

pipe.on('data', (value) => {
  if (value.ask === undefined) counted += 1;
  else if (value.ask === 'tally') {
    pipe.write({ id: value.id, value: { counted } });
    counted = 0;
  } else pipe.write({ id: value.id, value: value.value });
});
