'use strict';

const { createHash } = require('node:crypto');
const { once } = require('node:events');
const { isWorker, startWorkerServer } = require('hawser/worker');

const CHUNK_BYTES = 64 * 1024;
/** What V8 has not found time for is not what a pipe keeps. */
const COLLECT_EVERY = { bytes: 32, objects: 16 * 1024 };

function* chunks(objectMode, total) {
  const all = Array.from({ length: 61 }, (_, i) => Buffer.alloc(CHUNK_BYTES, `hawser ${i}`));
  for (let i = 0, sent = 0; sent < total; i++) {
    yield objectMode ? { id: i, text: 'some text that is not long' } : all[i % all.length];
    sent += objectMode ? 1 : CHUNK_BYTES;
  }
}

const noted = (chunk) => (Buffer.isBuffer(chunk) ? chunk : `${chunk.id} ${chunk.text}\n`);

/** Write so much, bytes or messages, and end. */
async function fill(pipe, total, hash) {
  for (const chunk of chunks(pipe.writableObjectMode, total)) {
    hash.update(noted(chunk));
    if (!pipe.write(chunk)) await once(pipe, 'drain');
  }
  pipe.end();
}

/** Read until the end. @param {any} hash null: nothing is to come */
async function drink(pipe, hash) {
  const often = pipe.readableObjectMode ? COLLECT_EVERY.objects : COLLECT_EVERY.bytes;
  let count = 0;
  for await (const chunk of pipe.iterator({ destroyOnReturn: false })) {
    hash.update(noted(chunk));
    if (++count % often === 0) globalThis.gc();
  }
}

module.exports = { drink, fill };

/** @type {Promise<string[]>[]} of each pipe, when it is through: what came, what was sent */
const served = [];

async function serve(pipe, { direction, total }) {
  const [received, sent] = [createHash('sha256'), createHash('sha256')];
  const filling = direction === 'out' ? undefined : fill(pipe, total, sent);
  await Promise.all([drink(pipe, received), filling]);
  if (direction === 'out') pipe.end();
  return [received, sent].map((hash) => hash.digest('hex'));
}

if (isWorker)
  startWorkerServer(
    { digests: () => Promise.all(served), collect: () => globalThis.gc() },
    { onPipe: (pipe, name) => void served.push(serve(pipe, JSON.parse(name))) },
  );
