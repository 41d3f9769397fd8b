'use strict';

const { createHash } = require('node:crypto');
const { parent, startWorkerServer } = require('hawser/worker');

const FRAME_BYTES = 640 * 360 * 3;
const TOLD_EVERY = 30; // frames

async function watch(pipe) {
  const hash = createHash('sha256');
  const seen = { bytes: 0, frames: 0, brightest: 0 };
  for await (const chunk of pipe.iterator({ destroyOnReturn: false })) {
    hash.update(chunk);
    seen.bytes += chunk.length;
    seen.brightest = Math.max(seen.brightest, chunk[0]);
    const frames = Math.floor(seen.bytes / FRAME_BYTES);
    if (frames >= seen.frames + TOLD_EVERY) parent.emit('frames', (seen.frames = frames));
  }
  pipe.end(JSON.stringify({ ...seen, hash: hash.digest('hex') }));
}

startWorkerServer({}, { onPipe: watch });
