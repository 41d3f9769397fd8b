'use strict';

/** Pipes a text into a native worker that indexes it, and asks in which lines words stand. */

const path = require('node:path');
const { Readable } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const { createWorker } = require('hawser');

const LINES = 200_000;
const CHUNK_BYTES = 10_007; // lines, words and characters are cut
const ASKED_EVERY = 50; // chunks
const WORDS = ['Zürich', 'error', 'timeout', 'disk', 'retry', 'user', 'cache', 'naïve'];

/** Each word in the lines whose number it divides, so to say. */
const lineOf = (number) => WORDS.filter((_, i) => number % (i + 2) === 0).join(', ');
const text = Buffer.from(Array.from({ length: LINES }, (_, i) => lineOf(i + 1)).join('\n'));

/** The text in chunks, and questions between them. */
async function* chunks(worker, seen) {
  for (let at = 0, count = 1; at < text.length; at += CHUNK_BYTES, count++) {
    yield text.subarray(at, at + CHUNK_BYTES);
    if (count % ASKED_EVERY === 0) seen.push((await worker.send('stats')).lines);
  }
}

async function index(worker) {
  const seen = [];
  const source = Readable.from(chunks(worker, seen), { highWaterMark: 1 });
  await pipeline(source, worker.openPipe('text'), async (end) => {
    for await (const chunk of end) throw new Error(`got ${chunk}, expected only the end`);
  });
  const grew = seen.every((lines, i) => i === 0 || lines >= seen[i - 1]);
  console.log(`asked ${seen.length} times meanwhile, it grew: ${grew && seen.at(-1) < LINES}`);
}

async function compare(worker, word) {
  const divisor = WORDS.findIndex((each) => each.toLowerCase() === word.toLowerCase()) + 2;
  const { count, lines } = await worker.send('find', { word, limit: 3 });
  const expected = divisor < 2 ? 0 : Math.floor(LINES / divisor);
  console.log(`${word}: ${count} lines: ${lines.join(' ')}, as expected: ${count === expected}`);
}

async function main() {
  const worker = await createWorker({
    driver: 'native',
    script: path.join(__dirname, 'text_index'),
  });
  await index(worker);
  const { lines, words } = await worker.send('stats');
  console.log(`${lines} lines, ${words} words`);
  for (const word of ['ERROR', 'Zürich', 'naïve', 'nowhere']) await compare(worker, word);
  await worker.shutdown();
}

main();
