'use strict';

/* The `sort` of the system in the middle of a pipeline: a million lines, in the memory of `sort`. */

const assert = require('node:assert/strict');
const { Readable } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const { createInterface } = require('node:readline/promises');
const { ProcessPipeAdapter } = require('hawser/pipes');

const COUNT = 1_000_000;

/** Every number below COUNT once, mixed up, in chunks of a thousand lines. */
function* mixed() {
  const step = 618_033; // no divisor in common with COUNT
  for (let chunk = 0; chunk < COUNT / 1000; chunk++) {
    let text = '';
    for (let i = 0; i < 1000; i++) text += `${((chunk * 1000 + i) * step) % COUNT}\n`;
    yield text;
  }
}

async function checkOrder(sorted) {
  let expected = 0;
  for await (const line of createInterface({ input: sorted })) {
    assert.equal(Number(line), expected);
    expected += 1;
  }
  return expected;
}

async function main() {
  const env = { ...process.env, LC_ALL: 'C' };
  const sort = new ProcessPipeAdapter('sort', ['-n'], { env }).createDuplex();
  let count = 0;
  await pipeline(Readable.from(mixed()), sort, async (sorted) => {
    count = await checkOrder(sorted);
  });
  assert.equal(count, COUNT);
  console.log(`${count.toLocaleString('en')} lines came back in order`);
}

main();
