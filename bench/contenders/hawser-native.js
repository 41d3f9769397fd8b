'use strict';

/** The worker of hawser.js in C, compiled when it is first asked for. */

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { prepareLibrary } = require('../../scripts/native-library.js');
const createHawser = require('./hawser.js');

const SOURCE = path.join(__dirname, '../peers/native.c');

/** Beside the library that it is linked with, whose folder is of its sources and compiler. */
async function compilePeer() {
  const folder = await prepareLibrary();
  const program = path.join(folder, 'bench-peer');
  const isNew =
    fs.existsSync(program) && fs.statSync(program).mtimeMs > fs.statSync(SOURCE).mtimeMs;
  if (isNew) return program;
  const partial = `${program}.${process.pid}`;
  const flags = ['-O2', `-I${folder}/include`, `-L${folder}`];
  execFileSync('cc', [...flags, SOURCE, '-lhawser-worker', '-pthread', '-o', partial]);
  fs.renameSync(partial, program);
  return program;
}

module.exports = async function create(options) {
  return createHawser({ ...options, driver: 'native', script: await compilePeer() });
};
