'use strict';

/*
 * Opens descriptors to the limit of this process, then starts a worker with ever more of them free,
 * until one starts. Prints the codes of the failures, and whether all descriptors came back.
 */

const fs = require('node:fs');
const path = require('node:path');
const { createWorker } = require('hawser');
const { heldAtRest } = require('../processes');

const script = path.join(__dirname, '..', 'workers', 'verbs.js');
const turn = () => new Promise(setImmediate);

function fill() {
  const opened = [];
  try {
    for (;;) opened.push(fs.openSync(__filename));
  } catch (error) {
    if (error.code !== 'EMFILE') throw error;
  }
  return opened;
}

async function startWith(opened) {
  try {
    return await createWorker(script, { stdio: 'ignore' });
  } catch (error) {
    if (error.code !== 'ERR_HAWSER_START') throw error;
    for (let i = 0; i < 10; i++) await turn();
    const back = fill();
    for (const fd of back) fs.closeSync(fd);
    fs.closeSync(opened.pop());
    return { failed: error.code, lost: opened.freed - back.length };
  }
}

async function main() {
  await (await createWorker(script, { stdio: 'ignore' })).shutdown();
  await heldAtRest();
  const opened = fill();
  opened.freed = 0;
  const failures = [];
  for (;;) {
    const result = await startWith(opened);
    if (result.failed === undefined) {
      const answer = await result.send('echo', 'started');
      await result.shutdown();
      console.log(JSON.stringify({ failures, answer }));
      return;
    }
    failures.push(result);
    opened.freed++;
  }
}

main();
