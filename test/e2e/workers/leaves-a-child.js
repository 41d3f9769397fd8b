'use strict';

const { spawn } = require('node:child_process');

exports.spawn = () => {
  const script = 'setInterval(() => {}, 1000)';
  return spawn(process.execPath, ['-e', script], { stdio: 'inherit' }).pid;
};

exports.exit = () => {
  process.stderr.write('leaving\n');
  process.exit(1);
};
