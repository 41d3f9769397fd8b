'use strict';

const assert = require('node:assert/strict');
const { setImmediate: turn } = require('node:timers/promises');
const { heldAtRest, isGone, releases } = require('./processes');
const { starter } = require('./started');

const CALLS = 2000;
const AT_ONCE = 64;
const KILL_EVERY = 150; // calls
const KNOWN = ['PoisonMessageError', 'WorkerCrashedError'];

/** Numbers from 0 to 1 that are the same for the same seed. */
function random(seed) {
  return () => {
    seed = (seed * 1664525 + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}

/** Asks CALLS times, AT_ONCE at a time; the worker is killed where the seed says. */
async function askUnderFire(worker, seed) {
  const next = random(seed);
  const settled = new Uint8Array(CALLS);
  const failures = [];
  const pids = new Set([worker.pid]);
  let asked = 0;
  let kills = 0;
  async function ask() {
    while (asked < CALLS) {
      const i = asked++;
      if (i % KILL_EVERY === 0) await killSoon();
      const payload = { i, body: 'x'.repeat(Math.floor(next() * 2000)) };
      await worker
        .send('echo', payload)
        .then(
          (answer) => assert.deepEqual(answer, payload),
          (error) => failures.push(error),
        )
        .finally(() => settled[i]++);
    }
  }
  async function killSoon() {
    for (let turns = Math.floor(next() * 5); turns > 0; turns--) await turn();
    const { pid } = worker;
    if (pid === undefined) return;
    pids.add(pid);
    kills++;
    process.kill(pid, 'SIGKILL');
  }
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  return { settled, failures, pids, kills };
}

function load(transport) {
  const start = starter();

  for (const seed of [1, 20261121]) {
    it(`settles each of ${CALLS} calls once, and leaves nothing (seed ${seed})`, async () => {
      await (await start('mortal.js', { transport, stdio: 'ignore' })).shutdown();
      const before = await heldAtRest();
      const worker = await start('mortal.js', {
        transport,
        stdio: 'ignore',
        unexpectedShutdown: { strategy: 'retry', attempts: 2 },
      });
      const { settled, failures, pids, kills } = await askUnderFire(worker, seed);
      assert.ok(kills >= 5, `${kills} kills`);
      assert.ok(settled.every((times) => times === 1));
      for (const error of failures) assert.ok(KNOWN.includes(error.name), error.stack);
      const stats = worker.stats();
      assert.equal(stats.callsSent, CALLS);
      assert.equal(stats.callsFailed, failures.length);
      assert.deepEqual([stats.callsInFlight, stats.queued], [0, 0]);
      assert.equal(await worker.send('echo', 'still'), 'still');
      await worker.shutdown();
      for (const pid of pids) await isGone(pid);
      await releases(before);
    });
  }

  it('of a worker that is not started again, too', async () => {
    await (await start('mortal.js', { transport, stdio: 'ignore' })).shutdown();
    const before = await heldAtRest();
    const worker = await start('mortal.js', { transport, stdio: 'ignore' });
    const calls = Array.from({ length: CALLS }, (_, i) => worker.send('echo', i));
    process.kill(worker.pid, 'SIGKILL');
    const results = await Promise.allSettled(calls);
    results.forEach(({ status, value, reason }, i) => {
      if (status === 'fulfilled') assert.equal(value, i);
      else assert.equal(reason.name, 'WorkerCrashedError');
    });
    const failed = results.filter(({ status }) => status === 'rejected').length;
    assert.equal(worker.stats().callsFailed, failed);
    await releases(before);
  });
}

describe('crashes under load, over shared memory', () => load('shm'));
describe('crashes under load, over a socket', () => load('socket'));
