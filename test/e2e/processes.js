'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { isDeepStrictEqual } = require('node:util');
const { spawn } = require('node:child_process');
const readline = require('node:readline');
const { setTimeout: wait } = require('node:timers/promises');
const { execPath } = require('./started');

const LIMIT = 15_000; // only a failure takes this long
const LOOK = 10;

/** Resolves when `holds()` is true. Milliseconds pass only between two looks. */
async function until(holds, what) {
  const limit = Date.now() + LIMIT;
  while (!holds()) {
    assert.ok(Date.now() < limit, `${what} within ${LIMIT} ms`);
    await wait(LOOK);
  }
}

/** Whether a process runs; one that has ended and was not yet waited for does not. */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
    if (process.platform !== 'linux') return true;
    return !/\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const isGone = (pid) => until(() => !isRunning(pid), `process ${pid} is gone`);

/** What this process holds: descriptors, and handles of the event loop but timers. */
function held() {
  const handles = process
    .getActiveResourcesInfo()
    .filter((name) => name !== 'Timeout' && name !== 'Immediate');
  return { descriptors: fs.readdirSync('/dev/fd').length, handles: handles.sort() };
}

/** What this process holds when what ended before has been let go. */
async function heldAtRest() {
  let [before, now] = [undefined, held()];
  const atRest = () => {
    [before, now] = [now, held()];
    return !now.handles.includes('ProcessWrap') && isDeepStrictEqual(before, now);
  };
  await until(atRest, 'the host is at rest');
  return now;
}

/** Resolves when nothing is held beyond what was. */
async function releases(before) {
  await until(
    () => isDeepStrictEqual(held(), before),
    `the host holds ${JSON.stringify(before)} again`,
  );
}

/**
 * For the describe block in which it is called: startHost(name, ...args) runs hosts/<name>; what
 * still runs after a test is killed. The host has next(), the next line that it printed, as JSON,
 * and exit, a promise of { code, signal, stderr }.
 * @param {string[]} [under] a command that runs the host, such as taskset
 */
function hostStarter(under = []) {
  const children = [];
  afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));
  return (name, ...args) => {
    const script = path.join(__dirname, 'hosts', name);
    const [command, ...rest] = [...under, execPath, script, ...args];
    const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
    children.push(child);
    const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value);
    return { child, next, exit: exitOf(child) };
  };
}

async function exitOf(child) {
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const [code, signal] = await once(child, 'close');
  return { code, signal, stderr };
}

module.exports = { until, isRunning, isGone, heldAtRest, releases, hostStarter };
