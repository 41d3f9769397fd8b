'use strict';

/* throws.js ENDING: every listener of its worker throws. Prints what came of a call, what was
 * emitted and what nobody caught. */

const path = require('node:path');
const { createWorker } = require('hawser');

const emitted = [];
const thrown = [];
process.on('uncaughtException', ({ message }) => thrown.push(message));

const endings = {
  shutdown: (worker) => worker.shutdown({ timeout: 1 }),
  terminate: (worker) => worker.terminate(),
  crash: (worker) => process.kill(worker.pid, 'SIGKILL'),
};

async function main([ending]) {
  const script = path.join(__dirname, '..', 'workers', 'verbs.js');
  const worker = await createWorker(script, { stdio: 'ignore' });
  const call = worker.send('never').catch(({ code }) => code);
  const exited = new Promise((resolve) => worker.on('exit', resolve));
  for (const name of ['state', 'exit']) {
    worker.on(name, () => {
      emitted.push(name);
      throw new Error(name);
    });
  }
  await endings[ending](worker);
  const code = await call;
  await exited;
  setImmediate(() => console.log(JSON.stringify({ code, emitted, thrown, state: worker.state })));
}

main(process.argv.slice(2));
