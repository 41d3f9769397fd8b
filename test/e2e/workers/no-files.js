'use strict';

const fs = require('node:fs');
const { setTimeout: wait } = require('node:timers/promises');

const isLoaded = (name) => Object.keys(require.cache).some((file) => file.endsWith(name));

exports.fail = async () => {
  while (!isLoaded('error-frames.js')) await wait(10);
  fs.readFileSync = fs.openSync = () => {
    throw new Error('too many open files');
  };
  throw new RangeError('told all the same', { cause: new Date(0) });
};
