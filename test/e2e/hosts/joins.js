'use strict';

/* joins.js OPTIONS: connects to a worker, prints { pid }, and waits. */

const { connectWorker } = require('hawser');

async function main(options) {
  const worker = await connectWorker(options);
  process.stdout.write(`${JSON.stringify({ pid: worker.pid })}\n`);
}

main(JSON.parse(process.argv[2]));
