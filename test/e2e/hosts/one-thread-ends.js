'use strict';

/*
 * Two threads, each with a worker. The first ends; prints the pids of both workers, and what the
 * second answers after the first is gone.
 */

const { once } = require('node:events');
const path = require('node:path');
const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const { createWorker } = require('hawser');

async function inThread() {
  const worker = await createWorker(path.join(__dirname, '..', 'workers', 'verbs.js'));
  parentPort.postMessage(worker.pid);
  const [question] = await once(parentPort, 'message');
  if (question === 'end') process.exit();
  parentPort.postMessage(await worker.send('echo', question));
  await worker.shutdown();
}

async function inMain() {
  const threads = [new Worker(__filename), new Worker(__filename)];
  const pids = await Promise.all(threads.map((thread) => once(thread, 'message')));
  threads[0].postMessage('end');
  await once(threads[0], 'exit');
  console.log(JSON.stringify(pids.flat()));
  process.stdin.once('data', async () => {
    threads[1].postMessage('still there');
    console.log(JSON.stringify((await once(threads[1], 'message'))[0]));
    process.stdin.destroy();
  });
}

if (isMainThread) inMain();
else inThread();
