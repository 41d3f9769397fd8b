'use strict';

/**
 * Pumps a recording, made up here, through a worker that watches it frame by frame. The pump runs as
 * fast as the worker reads; what is in flight never outgrows the pipe's window.
 */

const { createHash } = require('node:crypto');
const { Readable } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const { createWorker } = require('hawser');

const FRAME_BYTES = 640 * 360 * 3;
const FRAMES = 120;

/** Frames of one brightness each, hashed as they go. */
function* record(hash) {
  for (let number = 0; number < FRAMES; number++) {
    const frame = Buffer.alloc(FRAME_BYTES, (number * 2) % 256);
    hash.update(frame);
    yield frame;
  }
}

async function main() {
  const worker = await createWorker({ script: require.resolve('./worker.js') });
  worker.events.on('frames', (count) => console.log(`${(100 * count) / FRAMES} %`));
  const sent = createHash('sha256');
  const pipe = worker.openPipe('video');
  const report = async (source) => {
    let text = '';
    for await (const part of source) text += part;
    return JSON.parse(text);
  };
  const { frames, brightest, hash } = await pipeline(Readable.from(record(sent)), pipe, report);
  const isWhole = hash === sent.digest('hex');
  console.log(`${frames} frames, the brightest is ${brightest}, whole: ${isWhole}`);
  await worker.shutdown();
}

main();
