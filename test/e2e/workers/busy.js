'use strict';

const fs = require('node:fs');

/** To the host's own stdout, at once: whoever reads it knows that the handler runs. */
const say = (text) => fs.writeSync(1, `${JSON.stringify(text)}\n`);

exports.idle = () => say('idle');

exports.never = () => {
  say('never');
  return new Promise(() => {});
};

exports.loop = () => {
  say('loop');
  for (;;);
};

exports.block = () => {
  say('block');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};

exports.ignoreSignals = () => {
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.on(signal, () => {});
  say('ignoreSignals');
};

exports.echo = (payload) => payload;
