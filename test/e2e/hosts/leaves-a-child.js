'use strict';

/* Has a worker that leaves a process behind, prints its pid, and ends after the worker has. */

const path = require('node:path');
const { createWorker } = require('hawser');

async function main() {
  const worker = await createWorker(path.join(__dirname, '..', 'workers', 'leaves-a-child.js'));
  console.log(await worker.send('spawn'));
  await worker.shutdown();
}

main();
