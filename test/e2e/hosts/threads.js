'use strict';

/*
 * threads.js HOW COUNT: COUNT threads, each with a worker of its own and calls under way. Prints the
 * pids of the workers, then ends: by `terminate`, by `exit` or by the threads' `own` process.exit.
 */

const { once } = require('node:events');
const path = require('node:path');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { createWorker } = require('hawser');

async function inThread() {
  const script = path.join(__dirname, '..', 'workers', 'verbs.js');
  const worker = await createWorker(script, { stdio: 'ignore' });
  worker.send('never').catch(() => {});
  parentPort.postMessage(worker.pid);
  if (workerData === 'own') process.exit(0);
  for (;;) {
    const calls = Array.from({ length: 100 }, (_, i) => worker.send('echo', 'x'.repeat(100 * i)));
    await Promise.all(calls);
  }
}

async function inMain([how, count]) {
  const threads = Array.from({ length: Number(count) }, () => {
    return new Worker(__filename, { workerData: how });
  });
  const exits = threads.map((thread) => once(thread, 'exit'));
  const pids = await Promise.all(threads.map((thread) => once(thread, 'message')));
  console.log(JSON.stringify(pids.flat()));
  if (how === 'exit') process.exit(3);
  if (how === 'terminate') for (const thread of threads) thread.terminate();
  await Promise.all(exits);
  process.exitCode = 4;
}

if (isMainThread) inMain(process.argv.slice(2));
else inThread();
