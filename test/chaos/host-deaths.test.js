'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: wait } = require('node:timers/promises');
const { isGone } = require('../e2e/processes');
const { execPath } = require('../e2e/started');
const { Dice } = require('./dice');
const { SEED } = require('./replay');

const HOSTS = 100;
const AT_ONCE = 4;
const DOINGS = {
  start: 8,
  calls: 6,
  large: 4,
  encode: 2,
  flood: 2,
  loop: 2,
  restart: 3,
  shutdown: 4,
  terminate: 3,
  idle: 1,
};
const LONGEST = { start: 120, restart: 150 }; // milliseconds until it is killed, from when it has begun
const describeOnLinux = process.platform === 'linux' ? describe : describe.skip; // looks into /proc
const host = path.join(__dirname, 'hosts', 'doomed.js');

/** What host number `i` does. */
function planOf(dice) {
  const doing = dice.weighted(DOINGS);
  const count = doing === 'loop' ? 1 : dice.pick([1, 1, 1, 2, 2, 3]); // a loop costs a core until it is ended
  const workers = Array.from({ length: count }, () => ({
    transport: dice.pick(['shm', 'socket']),
    stdio: dice.pick(['inherit', 'pipe', 'ignore', undefined]),
  }));
  const unexpectedShutdown = dice.chance(0.5) || doing === 'restart' ? { strategy: 'retry' } : {};
  return { doing, workers, unexpectedShutdown };
}

/** Processes that have it among their arguments; one that has ended has none. */
function pidsOf(mark) {
  const pids = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => readOrEmpty(`/proc/${pid}/cmdline`).includes(mark)).map(Number);
}

function readOrEmpty(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const sharedFiles = () => fs.readdirSync('/dev/shm').filter((name) => name.includes('hawser'));

/** @returns {Promise<number[]>} the processes that it had when it was killed */
async function killHost(dice, folder) {
  const mark = `doomed-${process.pid}-${dice.next()}`;
  const plan = planOf(dice);
  const child = spawn(execPath, [host, JSON.stringify(plan), mark], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exit = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), exit]);
  await wait(dice.next() * (LONGEST[plan.doing] ?? 20)); // to be killed at any moment
  child.kill('SIGKILL');
  const [, signal] = await exit;
  child.stdout.destroy();
  assert.equal(signal, 'SIGKILL', JSON.stringify(plan));
  return pidsOf(mark);
}

describeOnLinux('hosts that are killed at any moment', () => {
  let folder;
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-chaos-'))));
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  it(`leave nothing, ${HOSTS} of them (replay ${SEED}) (P3, P4)`, async function () {
    this.timeout(120_000);
    const before = sharedFiles();
    const going = [];
    let count = 0;
    async function killOnAndOn() {
      while (count < HOSTS) {
        const pids = await killHost(new Dice(SEED, count++), folder);
        going.push(...pids.map(isGone));
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, killOnAndOn));
    await Promise.all(going);
    assert.ok(going.length >= HOSTS / 2, `${going.length} processes were left to go by themselves`);
    assert.deepEqual(fs.readdirSync(folder), []);
    assert.deepEqual(sharedFiles(), before);
  });
});
