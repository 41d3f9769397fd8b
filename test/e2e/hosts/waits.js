'use strict';

/* waits.js VERB [STDIO [SCRIPT]]: has a worker do something, and waits. Prints the worker's pid. */

const fs = require('node:fs');
const path = require('node:path');
const { createWorker } = require('hawser');

async function main([verb, stdio = 'inherit', script = 'busy.js']) {
  const worker = await createWorker(path.join(__dirname, '..', 'workers', script), { stdio });
  fs.writeSync(1, `${worker.pid}\n`); // in a thread too before what the worker says
  await worker.send(verb);
}

main(process.argv.slice(2));
