'use strict';

const fs = require('node:fs');
const { workerData } = require('hawser/worker');

const forever = () => new Promise(() => {});
const die = () => {
  process.kill(process.pid, 'SIGKILL');
  return forever();
};

if (workerData?.failsIf && fs.existsSync(workerData.failsIf)) throw new Error('not today');

module.exports = {
  echo: (payload) => payload,
  pid: () => process.pid,
  about: () => ({ workerData, argv: process.argv.slice(2), pid: process.pid }),
  die,
  never: forever,
  // Dies with the first worker that it meets; the file remembers.
  dieOnce: ({ file, value }) => {
    if (fs.existsSync(file)) return value;
    fs.writeFileSync(file, '');
    return die();
  },
  // Every worker that it meets is noted, one byte each.
  note: ({ file, value }) => {
    fs.appendFileSync(file, '.');
    return value;
  },
  noteAndDie: ({ file }) => {
    fs.appendFileSync(file, '.');
    return die();
  },
  deadline: (_, { deadline }) => deadline,
};
