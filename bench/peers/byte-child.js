'use strict';

const net = require('node:net');
const { serveBytes } = require('./serve-pipe.js');
const { usage } = require('./handlers.js');

const [address] = process.argv.slice(2);
const bytes = serveBytes(address === undefined ? process.stdin : net.connect(address));
const answers = { usage, tally: (expected) => bytes.reached(expected), echo: (value) => value };

process.on('message', async ({ id, type = 'echo', value }) => {
  process.send({ id, value: await answers[type](value) });
});
