'use strict';

/*
 * pumps.js MiB objects|bytes: through `cat`, both ends hashed. Prints { growth, same, count }: the most
 * by which the resident memory of this process was larger than after 16 MiB of the same; whether all
 * came back; how many bytes or objects.
 */

const { createHash } = require('node:crypto');
const { Readable } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const { ProcessPipeAdapter } = require('hawser/pipes');

const CHUNK = 64 * 1024;
const TEXT = 'x'.repeat(1000);
// Made once: what V8 leaves uncollected of new ones would be most of the growth.
const CHUNKS = Array.from({ length: 17 }, (_, id) => Buffer.alloc(CHUNK, id + 1));
const WARM_BYTES = 16 * 1024 * 1024;
const [megabytes, kind] = process.argv.slice(2);
const objectMode = kind === 'objects';

const sent = createHash('sha256');
const came = createHash('sha256');
const tell = (hash, value) => hash.update(objectMode ? `${value.id} ${value.text}` : value);

function* values(bytes) {
  const count = Math.ceil(bytes / (objectMode ? TEXT.length : CHUNK));
  for (let id = 0; id < count; id++) {
    const value = objectMode ? { id, text: TEXT } : CHUNKS[id % CHUNKS.length];
    tell(sent, value);
    yield value;
  }
}

/** @returns {Promise<number>} how many came: bytes or objects */
async function pump(bytes) {
  const pipe = new ProcessPipeAdapter('cat').createDuplex({ objectMode });
  let count = 0;
  await pipeline(Readable.from(values(bytes)), pipe, async (source) => {
    for await (const value of source) {
      tell(came, value);
      count += objectMode ? 1 : value.length;
    }
  });
  return count;
}

async function main() {
  await pump(WARM_BYTES);
  globalThis.gc();
  const before = process.memoryUsage.rss();
  let most = before;
  const look = () => {
    globalThis.gc(); // what Node has not collected of chunks that were read is not held by anybody
    most = Math.max(most, process.memoryUsage.rss());
  };
  const looking = setInterval(look, 20);
  const count = await pump(Number(megabytes) * 1024 * 1024);
  clearInterval(looking);
  look();
  const same = sent.digest('hex') === came.digest('hex');
  console.log(JSON.stringify({ growth: most - before, same, count }));
}

main();
