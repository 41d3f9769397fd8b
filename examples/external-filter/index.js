'use strict';

/* Objects through a program that knows nothing of Node.js: `grep` sees a line of JSON for each. */

const assert = require('node:assert/strict');
const { Readable } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const { ProcessPipeAdapter } = require('hawser/pipes');

const LEVELS = ['debug', 'info', 'warn', 'error'];

function* entries() {
  for (let id = 0; id < 100_000; id++)
    yield { id, level: LEVELS[id % LEVELS.length], text: `entry ${id}` };
}

/** @param {string} level @returns {Promise<object[]>} the entries of that level */
async function filter(level) {
  const grep = new ProcessPipeAdapter('grep', [`"level":"${level}"`]);
  const found = [];
  await pipeline(
    Readable.from(entries()),
    grep.createDuplex({ objectMode: true }),
    async (matching) => {
      for await (const entry of matching) found.push(entry);
    },
  );
  return found;
}

async function main() {
  const errors = await filter('error');
  assert.equal(errors.length, 25_000);
  assert.deepEqual(errors[1], { id: 7, level: 'error', text: 'entry 7' });
  console.log(`${errors.length} errors of 100000 entries`);
  // What grep says with its exit code, 1: nothing was found.
  const { exitCode } = await filter('fatal').catch((error) => error);
  console.log(exitCode === 1 ? 'no fatal ones' : `grep failed: ${exitCode}`);
}

main();
