'use strict';

/**
 * starts.js <transport>: starts a worker under whatever the process was given to suffer, and uses
 * it. Prints JSON: { transport, sum } or { error: { name, code, cause } }, and what is left then.
 */

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');

const script = path.join(__dirname, '..', 'workers', 'handlers.js');
const fds = () => fs.readdirSync('/proc/self/fd').length;
const mappings = () =>
  fs.readFileSync('/proc/self/maps', 'utf8').match(/memfd:hawser/g)?.length ?? 0;

async function use(worker) {
  const answers = await Promise.all([1, 2, 3].map((n) => worker.send('echo', n)));
  const bytes = await worker.send('make', 1 << 20);
  if (!bytes.equals(Buffer.alloc(1 << 20, 'hawser'))) throw new Error('bytes differ');
  await worker.shutdown();
  return { transport: worker.transport, sum: answers.reduce((a, b) => a + b) };
}

async function start(transport) {
  try {
    const { createWorker } = require('hawser');
    return await use(await createWorker({ script, transport, stdio: 'ignore' }));
  } catch (error) {
    const { name, code, cause } = error;
    return { error: { name, code, cause: cause?.code } };
  }
}

/** The addon's own memory is collected: what it holds is to go with it. */
async function collect() {
  for (let i = 0; i < 5; i++) {
    globalThis.gc();
    await new Promise(setImmediate);
  }
}

async function main() {
  await promisify(execFile)(process.execPath, ['--version']); // Node keeps some descriptors from here on
  const before = fds();
  const outcome = await start(process.argv[2]);
  await collect();
  console.log(JSON.stringify({ ...outcome, fds: fds() - before, mappings: mappings() }));
}

main();
