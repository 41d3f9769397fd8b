'use strict';

/** A worker in the middle of a pipeline: it compresses what passes through, off the main thread. */

const { Readable } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const { gunzipSync } = require('node:zlib');
const { createWorker } = require('hawser');

const LINES = 200_000;

function* lines() {
  for (let number = 0; number < LINES; number++) yield `line ${number} of ${LINES}\n`;
}

async function main() {
  const worker = await createWorker({ script: require.resolve('./worker.js') });
  const parts = [];
  await pipeline(Readable.from(lines()), worker.openPipe('gzip'), async (source) => {
    for await (const part of source) parts.push(part);
  });
  const packed = Buffer.concat(parts);
  const text = gunzipSync(packed).toString();
  console.log(`${text.length} bytes, and the same again: ${text === [...lines()].join('')}`);
  console.log(`compressed to less than a quarter: ${packed.length < text.length / 4}`);
  await worker.shutdown();
}

main();
