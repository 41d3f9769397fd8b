'use strict';

/**
 * The C SDK at full speed under the compiler's sanitizers: a program with four threads of handlers
 * and one more that answers, whose reports make it exit with a code of their own.
 */

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const { createWorker } = require('hawser');
const { buildWorker, fixedAddresses } = require('../c/run');

const PROGRAM = [
  'test/e2e/native/load.c',
  ...['given', 'echoes', 'program', 'values'].map((part) => `test/conformance/native/${part}.c`),
];
const LOAD_MS = 1500;
const REPORTED = 66;
const range = (count) => Array.from({ length: count }, (_, i) => i);

async function* count(most) {
  yield* range(most);
}

/** One of each kind, checked. */
const KINDS = {
  call: async (worker) => assert.equal(await worker.send('echo', 'x'), 'x'),
  bulk: async (worker) => {
    const body = Buffer.alloc(100_000, 'b');
    assert.ok((await worker.send('echo', body)).equals(body));
  },
  later: async (worker) => assert.equal(await worker.send('later', 7), 7),
  post: async (worker) => {
    if (!worker.post('note', { n: 1 })) await once(worker, 'drain');
  },
  cancel: async (worker) => {
    const controller = new AbortController();
    const call = worker.send('untilCancelled', 1, { signal: controller.signal });
    await new Promise(setImmediate);
    controller.abort('enough');
    await assert.rejects(call, (reason) => reason === 'enough');
  },
  late: (worker) =>
    assert.rejects(worker.send('untilCancelled', 1, { timeout: 1 }), {
      code: 'ERR_HAWSER_TIMEOUT',
    }),
  progress: async (worker) => {
    const steps = [];
    await worker.send('steps', 1, { onProgress: (step) => steps.push(step) });
    assert.deepEqual(steps, range(5));
  },
  event: async (worker) => assert.equal(await worker.send('emit', 2), 2),
  ask: async (worker) => assert.equal(await worker.send('ask', 21), 42),
  stream: async (worker) => {
    const items = [];
    for await (const item of worker.stream('numbers', 300)) items.push(item);
    assert.deepEqual(items, range(300));
  },
  leave: async (worker) => {
    for await (const item of worker.stream('numbers', 1e9)) if (item === 20) break;
  },
  given: async (worker) => assert.equal(await worker.send('sum', count(300)), 44_850),
  doubles: async (worker) => {
    let sum = 0;
    for await (const item of worker.stream('doubles', count(100))) sum += item;
    assert.equal(sum, 9900);
  },
  pipe: async (worker) => {
    const pipe = worker.openPipe('echo');
    pipe.end(Buffer.alloc(200_000, 'p'));
    let bytes = 0;
    for await (const part of pipe) bytes += part.length;
    assert.equal(bytes, 200_000);
  },
  objects: async (worker) => {
    const pipe = worker.openPipe('echo', { objectMode: true });
    for (const i of range(20)) pipe.write({ i });
    pipe.end();
    const items = [];
    for await (const { i } of pipe) items.push(i);
    assert.deepEqual(items, range(20));
  },
};

/** Three of each kind at a time, until the time is over. Returns how many of each there were. */
async function load(worker, milliseconds) {
  const until = performance.now() + milliseconds;
  const counts = {};
  const repeat = async (kind) => {
    do {
      await KINDS[kind](worker);
      counts[kind] = (counts[kind] ?? 0) + 1;
      await new Promise(setImmediate); // kinds that need no answer leave room for others
    } while (performance.now() < until);
  };
  await Promise.all(Object.keys(KINDS).flatMap((kind) => [1, 2, 3].map(() => repeat(kind))));
  return counts;
}

/** The driver starts files: what stands before the program has to be one. */
function script(executable, before) {
  if (before.length === 0) return executable;
  const file = `${executable}.sh`;
  fs.writeFileSync(file, `#!/bin/sh\nexec ${before.join(' ')} "${executable}" "$@"\n`, {
    mode: 0o755,
  });
  return file;
}

async function runUnderLoad(executable, { transport, env, before = [], milliseconds = LOAD_MS }) {
  const worker = await createWorker({
    driver: 'native',
    script: script(executable, before),
    transport,
    env: { ...process.env, HAWSER_TEST_THREADS: '4', ...env },
    stdio: 'pipe',
    handlers: { double: (n) => n * 2, note: () => {} },
    timeout: { startup: 60_000 },
    shutdownTimeout: 30_000,
  });
  let said = '';
  worker.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  const exited = once(worker, 'exit');
  const counts = await load(worker, milliseconds).catch((error) => error);
  await worker.shutdown();
  const [code, signal] = await exited;
  assert.deepEqual({ code, signal, said }, { code: 0, signal: null, said: '' });
  if (counts instanceof Error) throw counts;
  for (const kind of Object.keys(KINDS)) assert.ok(counts[kind] > 0, kind);
}

describe('the SDK of native workers, at full speed', function () {
  this.timeout(120_000);

  for (const transport of ['shm', 'socket']) {
    it(`has no data race over ${transport}`, async () => {
      const executable = await buildWorker(PROGRAM, 'thread');
      const env = { TSAN_OPTIONS: `exitcode=${REPORTED}` };
      await runUnderLoad(executable, { transport, env, before: fixedAddresses });
    });

    it(`makes no error with memory and leaves none behind over ${transport}`, async () => {
      const executable = await buildWorker(PROGRAM, 'address,undefined');
      const env = { ASAN_OPTIONS: `detect_leaks=1:exitcode=${REPORTED}` };
      await runUnderLoad(executable, { transport, env });
    });
  }
});
