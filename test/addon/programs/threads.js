'use strict';

/**
 * threads.js <transport> <rounds>: threads that host a worker are ended at every moment. Prints
 * what is left of them as JSON: { fds, mappings, children }.
 */

const fs = require('node:fs');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { setTimeout: delay } = require('node:timers/promises');
const { MOMENTS } = require('./moments');

const AT_A_TIME = 4;
const [transport, rounds] = [process.argv[2], Number(process.argv[3])];
const moments = Object.keys(MOMENTS);

function hostInThread(round) {
  const moment = moments[round % moments.length];
  const exits = Math.floor(round / moments.length) % 4 === 3;
  const thread = new Worker(path.join(__dirname, 'thread.js'), {
    workerData: { moment, transport, exits },
  });
  thread.once('message', () => thread.terminate());
  return new Promise((resolve, reject) => {
    thread.once('error', reject);
    thread.once('exit', resolve);
  });
}

async function run(from, until) {
  const next = { round: from };
  const inTurn = async () => {
    while (next.round < until) await hostInThread(next.round++);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, inTurn));
}

const fds = () => fs.readdirSync('/proc/self/fd').length;
const mappings = () =>
  fs.readFileSync('/proc/self/maps', 'utf8').match(/memfd:hawser/g)?.length ?? 0;

/** Zombies are children too: who hosted them was a thread that is gone. */
function children() {
  const tasks = fs.readdirSync('/proc/self/task');
  const pids = tasks.map((task) => fs.readFileSync(`/proc/self/task/${task}/children`, 'utf8'));
  return pids.join('').split(' ').filter(Boolean).map(Number);
}

const isZombie = (pid) => / Z /.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));

async function livingChildren() {
  for (;;) {
    const living = children().filter((pid) => !isZombie(pid));
    if (living.length === 0) return 0;
    await delay(20);
  }
}

async function main() {
  await run(0, AT_A_TIME); // the first threads leave descriptors of Node's own
  await livingChildren();
  const before = fds();
  await run(0, rounds);
  const living = await livingChildren();
  console.log(JSON.stringify({ fds: fds() - before, mappings: mappings(), children: living }));
}

main();
