'use strict';

/** Threads with two channels that flood each other are ended in the middle of it. */

const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { ask, echo, fedPair } = require('../fed-channels');

const ROUNDS = 12;

function flood(rounds) {
  let answers = 0;
  const send = () => ask(pair.host.channel, 1 + answers, Buffer.alloc(100_000));
  const pair = fedPair(
    {
      onReady: send,
      onAnswer: () => {
        answers++;
        if (answers === rounds) parentPort.postMessage('now');
        if (answers === rounds && rounds % 2 === 0) process.exit();
        send();
      },
    },
    { onRequest: (at) => echo(() => pair.worker)(at) },
  );
}

async function main() {
  let ended = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const thread = new Worker(__filename, { workerData: round });
    thread.once('message', () => thread.terminate());
    await new Promise((resolve, reject) => thread.once('error', reject).once('exit', resolve));
    ended++;
  }
  console.log(`ended ${ended}`);
}

if (isMainThread) main();
else flood(workerData);
