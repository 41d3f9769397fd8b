'use strict';

/* Calls one at a time, then prints how often the loop waited awake, and for how many answers. */

const path = require('node:path');
const { createWorker } = require('hawser');

const CALLS = 1000;

async function main() {
  const worker = await createWorker(path.join(__dirname, '..', 'workers', 'verbs.js'));
  for (let i = 0; i < CALLS; i++) await worker.send('echo', i);
  const { spinHits, spinMisses, messagesReceived } = worker.stats();
  console.log(JSON.stringify({ spins: spinHits + spinMisses, answers: messagesReceived }));
  await worker.shutdown();
}

main();
