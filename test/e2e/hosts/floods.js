'use strict';

/*
 * floods.js JSON: posts `total` bytes in bodies of `length` to a worker that reads nothing at first,
 * and prints { growth, taken, refused }. Heeds what post returns, or, where `heeds` is false, posts
 * until it throws. `growth` is the most by which the resident memory of this process was larger than
 * when the same had been done before, to a worker that reads.
 */

const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { createWorker } = require('hawser');

const WARM_BYTES = 16 * 1024 * 1024;

class Flood {
  posted = 0;
  most = 0;
  refused = null;

  constructor(worker, length) {
    this.worker = worker;
    this.body = Buffer.alloc(length, 'flood');
  }

  look() {
    this.most = Math.max(this.most, process.memoryUsage.rss());
  }

  post() {
    const more = this.worker.post('take', this.body);
    this.posted += this.body.length;
    if (!more) this.look();
    return more;
  }

  /** `whileStopped` is called when the worker is known not to read, and the queue is full. */
  async heed(total, whileStopped = () => {}) {
    for (const end = this.posted + total; this.posted < end;) {
      if (this.post()) continue;
      whileStopped();
      await once(this.worker, 'drain');
      this.look();
    }
    this.look();
  }

  ignore() {
    try {
      for (;;) this.post();
    } catch (error) {
      this.refused = error.code;
    }
    this.look();
  }
}

/** Makes the worker stop reading; returns what makes it go on. */
function stop(worker, how, file) {
  if (how === 'busy') {
    worker.post('blockUntil', file);
    return () => fs.writeFileSync(file, '');
  }
  process.kill(worker.pid, 'SIGSTOP');
  return () => process.kill(worker.pid, 'SIGCONT');
}

async function main({ transport, highWaterMark, length, total, how, heeds, file }) {
  const script = path.join(__dirname, '..', 'workers', 'sink.js');
  const worker = await createWorker({ script, transport, highWaterMark });
  const flood = new Flood(worker, length);
  await flood.heed(WARM_BYTES);
  await worker.send('taken');
  global.gc();
  const before = process.memoryUsage.rss();
  flood.most = 0;
  const goOn = stop(worker, how, file);
  if (heeds) {
    await flood.heed(total, goOn);
  } else {
    flood.ignore();
    goOn();
    await once(worker, 'drain');
  }
  const taken = await worker.send('taken');
  const growth = flood.most - before;
  console.log(JSON.stringify({ growth, lost: flood.posted - taken, refused: flood.refused }));
  await worker.shutdown();
}

main(JSON.parse(process.argv[2]));
