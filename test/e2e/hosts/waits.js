'use strict';

/* waits.js VERB [STDIO]: has a worker do something, and waits. Prints the worker's pid. */

const fs = require('node:fs');
const path = require('node:path');
const { createWorker } = require('hawser');

async function main([verb, stdio]) {
  const worker = await createWorker(path.join(__dirname, '..', 'workers', 'busy.js'), { stdio });
  fs.writeSync(1, `${worker.pid}\n`); // in a thread too before what the worker says
  await worker.send(verb);
}

main(process.argv.slice(2));
