'use strict';

/* stays.js VERB...: calls these methods of a worker, and exits with 42 if it is then kept alive. */

const path = require('node:path');
const { createWorker } = require('hawser');

const TURNS = 20;

/** Timers that keep nothing alive: many of them come only if something else does. */
function countTurns(turns) {
  if (turns === TURNS) process.exit(42);
  setTimeout(countTurns, 1, turns + 1).unref();
}

async function main(verbs) {
  const script = path.join(__dirname, '..', 'workers', 'verbs.js');
  const worker = await createWorker(script, { stdio: 'pipe' });
  console.log(worker.pid);
  for (const verb of verbs) if (worker[verb]() !== worker) throw new Error(`${verb} is no chain`);
  countTurns(0);
}

main(process.argv.slice(2));
