'use strict';

/* Two copies of the package, and of the addon's exports, in one process. */

const path = require('node:path');
const vm = require('node:vm');

const script = path.join(__dirname, '..', 'workers', 'verbs.js');
const first = require('hawser');
for (const name of Object.keys(require.cache)) delete require.cache[name];
const second = vm.runInNewContext("require('hawser')", { require });

async function answer({ createWorker }) {
  const worker = await createWorker(script);
  const { length } = await worker.send('echo', Buffer.alloc(100_000));
  await worker.shutdown();
  return length;
}

async function main() {
  console.log(JSON.stringify([first === second, await answer(first), await answer(second)]));
}

main();
