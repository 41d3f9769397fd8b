'use strict';

/**
 * A host that floods pipes, and what it and its worker grow by meanwhile: floods-pipes.js OPTIONS, in
 * JSON, of mode, direction, count of pipes, total of bytes or messages of each. Prints a line of JSON.
 */

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { createWorker } = require('hawser');
const { drink, fill } = require('../workers/floods-pipes');

const options = JSON.parse(process.argv[2]);
const { direction, count, total, objectMode, transport } = options;

/** Without the pages of files, such as Node itself, which are mapped as they happen to be used. */
function residentBytes(pid) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  const sizes = [...status.matchAll(/^Rss(?:Anon|Shmem):\s*(\d+) kB/gm)];
  return sizes.reduce((sum, [, kibibytes]) => sum + 1024 * Number(kibibytes), 0);
}

/** Both ways, if so. @returns {Promise<boolean>} whether all came as it was sent */
async function run(worker, amount) {
  const pipe = worker.openPipe(JSON.stringify({ direction, total: amount }), { objectMode });
  const [sent, received] = [createHash('sha256'), createHash('sha256')];
  const filling = direction === 'in' ? pipe.end() : fill(pipe, amount, sent);
  await Promise.all([drink(pipe, received), filling]);
  const said = await worker.send('digests');
  const ours = [sent, received].map((hash) => hash.digest('hex'));
  return said.some(([got, gave]) => got === ours[0] && gave === ours[1]);
}

async function main() {
  const script = path.join(__dirname, '..', 'workers', 'floods-pipes.js');
  const worker = await createWorker({
    ...{ script, transport, execPath: process.execPath, execArgv: process.execArgv },
  });
  const all = (amount) => Promise.all(Array.from({ length: count }, () => run(worker, amount)));
  await all(count === 1 ? total / 4 : total / 16); // all that is needed once is there then
  const pids = [process.pid, worker.pid];
  globalThis.gc();
  await worker.send('collect');
  const before = pids.map(residentBytes);
  const most = [...before];
  const timer = setInterval(() => {
    for (const [i, pid] of pids.entries()) most[i] = Math.max(most[i], residentBytes(pid));
  }, 5);
  const arrived = await all(total);
  clearInterval(timer);
  const growths = most.map((bytes, i) => bytes - before[i]);
  process.stdout.write(`${JSON.stringify({ growths, arrived })}\n`);
  await worker.shutdown();
}

main();
