'use strict';

const { setImmediate: turn } = require('node:timers/promises');

exports.slow = async (payload) => {
  await turn();
  return payload;
};

exports.note = async (text) => {
  await turn();
  process.stdout.write(text);
};

let signalled;
const signal = new Promise((resolve) => (signalled = resolve));
process.on('SIGUSR2', signalled);

exports.until = () => signal;
