'use strict';

/** What a run of calls may have left in this process. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const v8 = require('node:v8');
const vm = require('node:vm');
const { isDeepStrictEqual } = require('node:util');
const { until } = require('../e2e/processes');

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc');
v8.setFlagsFromString('--no-expose-gc');

const MIB = 1024 * 1024;

/** Descriptors, segments, children, handles, timers and listeners, as they are now. */
function held() {
  return {
    descriptors: fs.readdirSync('/dev/fd').map(kindOf).sort(),
    segments: mapsOf(/memfd:hawser/),
    handles: process
      .getActiveResourcesInfo()
      .filter((name) => name !== 'Immediate')
      .sort(),
    listeners: process.eventNames().map((name) => [name, process.listenerCount(name)]),
  };
}

/** What a descriptor is of, such as socket:[]; one that is closed meanwhile listed the others. */
function kindOf(fd) {
  try {
    return fs.readlinkSync(`/dev/fd/${fd}`).replace(/\d+/g, '');
  } catch {
    return '';
  }
}

function mapsOf(pattern) {
  if (process.platform !== 'linux') return 0;
  return fs
    .readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => pattern.test(line)).length;
}

/** Mebibytes in use, of the system's memory and of what JavaScript holds. */
function memory() {
  collect();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { resident: rss / MIB, heap: (heapUsed + external) / MIB };
}

/** Memory when no collection finds any more garbage: what a call leaves behind shows here. */
async function leastMemory() {
  let [before, now] = [memory(), memory()];
  const isLeast = () => {
    [before, now] = [now, memory()];
    return now.heap > before.heap - 0.1;
  };
  await until(isLeast, 'nothing more is garbage');
  return now;
}

/** Resolves when the same is held as before. */
async function isBackAt(before) {
  const isBack = () => {
    collect(); // what JavaScript can still see is leased
    return isDeepStrictEqual(held(), before);
  };
  await until(isBack, 'the host holds no more than before').catch(() =>
    assert.deepEqual(held(), before),
  );
}

module.exports = { held, isBackAt, leastMemory };
