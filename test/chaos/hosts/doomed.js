'use strict';

/*
 * doomed.js JSON MARK: has workers, and does with them what `doing` says until it is killed. Prints a
 * line when it has begun with that. MARK is an argument of every process.
 */

const path = require('node:path');
const { createWorker } = require('hawser');

const script = path.join(__dirname, '..', 'workers', 'doomed.js');
const LARGE = 8 * 1024 * 1024;
const [about, mark] = process.argv.slice(2);
const { doing, workers, unexpectedShutdown } = JSON.parse(about);

const say = () => process.stdout.write('begun\n');
const start = (options) => createWorker({ script, argv: [mark], unexpectedShutdown, ...options });

async function askOnAndOn(worker) {
  for (let i = 0; ; i++) await worker.send('echo', { i, body: 'x'.repeat((i % 20) ** 3) });
}

async function ask(worker) {
  await worker.send('echo', 1);
  for (let n = 0; n < 16; n++) askOnAndOn(worker).catch(() => {});
}

const doings = {
  idle: () => {},
  calls: ask,
  large: async (worker) => {
    for (let body = Buffer.alloc(LARGE); ;) body = await worker.send('echo', body);
  },
  // Killed while its payload is encoded.
  encode: (worker) =>
    worker.send('echo', {
      before: 'x'.repeat(50_000),
      get now() {
        return process.kill(process.pid, 'SIGKILL');
      },
    }),
  flood: async (worker) => {
    for (;;) worker.post('take', 'x'.repeat(1000));
  },
  loop: (worker) => worker.send('loop'),
  restart: async (worker) => {
    await ask(worker);
    worker.on('ready', () => process.kill(worker.pid, 'SIGKILL'));
    process.kill(worker.pid, 'SIGKILL');
  },
  shutdown: async (worker) => {
    await ask(worker);
    await worker.shutdown();
  },
  terminate: async (worker) => {
    await ask(worker);
    await worker.terminate();
  },
};

async function main() {
  setInterval(() => {}, 1000); // killed it is to be, also when its workers have gone
  if (doing === 'start') say();
  const started = await Promise.all(workers.map(start));
  if (doing === 'start') return;
  say();
  for (const worker of started) Promise.resolve(doings[doing](worker)).catch(() => {});
}

main();
