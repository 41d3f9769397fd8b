'use strict';

/** Compresses in a native worker what node:zlib understands, and the other way round. */

const path = require('node:path');
const { Readable } = require('node:stream');
const zlib = require('node:zlib');
const { createWorker } = require('hawser');

const LINES = 100_000;
const CHUNK_BYTES = 50_000;

const text = Buffer.from(
  Array.from({ length: LINES }, (_, i) => `${i}: line ${i * i} of ${LINES}\n`).join(''),
);

function* chunks(bytes) {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}

/** Several at a time: the worker runs as many as it has threads, and the others wait. */
async function compressAtLevels(worker) {
  const levels = [1, 6, 9];
  const packed = await Promise.all(
    levels.map((level) => worker.send('compress', { bytes: text, level })),
  );
  const same = packed.map((bytes) => zlib.gunzipSync(bytes).equals(text));
  console.log(`levels ${levels}: the same again: ${same}`);
  console.log(
    `each is smaller: ${packed[0].length > packed[1].length && packed[1].length > packed[2].length}`,
  );
}

async function decompress(worker) {
  const bytes = await worker.send('decompress', { bytes: zlib.gzipSync(text) });
  console.log(`decompressed what node:zlib made: ${bytes.equals(text)}`);
}

/** Broken input is told as node:zlib tells it. */
async function decompressBroken(worker) {
  const packed = zlib.gzipSync(text);
  for (const bytes of [text, packed.subarray(0, -10)]) {
    const [ours, theirs] = await Promise.all([
      worker.send('decompress', { bytes }).catch((error) => error),
      new Promise((resolve) => zlib.gunzip(bytes, resolve)),
    ]);
    const isSame = ours.code === theirs.code && ours.message === theirs.message;
    console.log(`${ours.code}: ${ours.message}, as node:zlib says it: ${isSame}`);
  }
}

/** Who has seen enough progress gives up, and the worker's thread is free again. */
async function giveUp(worker) {
  const controller = new AbortController();
  const onProgress = (done) =>
    controller.abort(new Error(`enough, after ${done > 0 ? 'some' : 0}`));
  const { signal } = controller;
  const call = worker.send('compress', { bytes: text, level: 9 }, { onProgress, signal });
  console.log(await call.catch((error) => error.message));
}

async function stream(worker) {
  const packed = await worker.stream('gzip', Readable.from(chunks(text))).toArray();
  console.log(`streamed: ${zlib.gunzipSync(Buffer.concat(packed)).equals(text)}`);
  const back = worker.stream('gunzip', worker.stream('gzip', Readable.from(chunks(text))));
  console.log(`through both: ${Buffer.concat(await back.toArray()).equals(text)}`);
}

async function main() {
  const worker = await createWorker({
    driver: 'native',
    script: path.join(__dirname, 'compressor'),
  });
  await compressAtLevels(worker);
  await decompress(worker);
  await decompressBroken(worker);
  await giveUp(worker);
  await stream(worker);
  await worker.shutdown();
}

main();
