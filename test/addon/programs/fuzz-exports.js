'use strict';

/** Calls every export of the addon with what it does not expect; ends with 0 and 'survived'. */

const assert = require('node:assert/strict');
const path = require('node:path');
const fc = require('fast-check');
const binding = require.resolve('../../../lib/binding');
const native = require(binding);
const { OPTIONS, hostileValues } = require('./hostile-values');

const handles = []; // of native channels, which lib/ keeps to itself
require.cache[binding].exports = {
  ...native,
  openHost(...args) {
    handles.push(native.openHost(...args));
    return handles.at(-1);
  },
};
const { createWorker } = require('hawser');

const script = path.join(__dirname, '..', 'workers', 'handlers.js');
const FUNCTIONS = Object.keys(native).filter((name) => typeof native[name] === 'function');
const RUNS = 4000;

let currentLink = null;
let uses = 0;

/** Taken and closed by some calls, so there is a new one now and then. */
function someLink() {
  if (uses++ % 50 > 0) return currentLink;
  if (currentLink) native.closeWorkerEnd(currentLink);
  currentLink = native.createLink(4096);
  return currentLink;
}

/** Well-formed arguments too, so that a call gets past the first check. */
function values() {
  const [live] = handles;
  const link = someLink();
  const forged = { __proto__: live, block: live.block };
  return [
    ...hostileValues(),
    ...[
      live,
      handles.at(-1),
      link,
      forged,
      new Proxy(live, {}),
      structuredClone({ fds: link.fds }),
    ],
    ...[
      OPTIONS,
      { ...OPTIONS, windowBytes: 1 },
      { ...OPTIONS, role: 3 },
      { ...OPTIONS, uuid: null },
    ],
    ...[{ ...OPTIONS, spinMicroseconds: NaN }, { ...OPTIONS, windowMessages: -1 }, { onOpen: 1 }],
  ];
}

/** A throw is in order when it is an Error of a kind that a caller can tell. */
function isTyped(error) {
  return (
    error instanceof TypeError ||
    error instanceof RangeError ||
    error?.message === 'thrown by a getter' ||
    /^(HWR_E|ERR_HAWSER|E[A-Z]+$)/.test(error?.code)
  );
}

function callOne(name, receiver, picks) {
  const pool = values();
  const args = picks.map((pick) => pool[pick % pool.length]);
  const ending = name === 'close' || name === 'goaway';
  if (ending && handles.indexOf(args[0]) < 2) args[0] = undefined; // two stay open to the end
  if (name === 'watchHost' && typeof args[0] === 'number') args[0] = -1; // it takes any socket
  const self = receiver === 0 ? native : pool[receiver % pool.length];
  try {
    native[name].apply(self, args);
  } catch (error) {
    if (!isTyped(error)) throw error;
  }
}

/** What is in the block is written by lib/ alone; nonsense there ends that channel, no more. */
function scribble(handle, words, count) {
  if (handle.block.byteLength === 0) return;
  const at = native.layout;
  const block = new Uint32Array(handle.block, 0, 32);
  const records = new Uint32Array(handle.block, at.records, 64);
  words.forEach((word, i) => (records[i] = word));
  block[at.words.RECORD_COUNT] = count;
  block[at.words.SETTLED] = words[0];
  native.flush(handle);
  native.sendSlices(handle, [new Uint8Array(64)]);
}

async function main() {
  const workers = [];
  for (const transport of ['shm', 'socket', 'shm'])
    workers.push(await createWorker({ script, transport }));
  await workers[2].shutdown();

  const picks = fc.array(fc.nat(), { maxLength: 5 });
  const call = fc.property(fc.constantFrom(...FUNCTIONS), fc.nat(), picks, callOne);
  fc.assert(call, { numRuns: RUNS, seed: 8 });

  const survivor = await createWorker({ script });
  survivor.on('error', () => {}); // its channel is about to be ruined
  assert.equal(await survivor.send('echo', 1), 1);
  const words = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 8, maxLength: 64 });
  const target = handles.at(-1);
  try {
    fc.assert(
      fc.property(words, fc.nat(2000), (filling, count) => scribble(target, filling, count)),
      { numRuns: 100, seed: 8 },
    );
  } catch (error) {
    if (!/HWR_EBADARG|HWR_ECLOSED/.test(error.message + error.cause?.code)) throw error;
  }
  await Promise.all([...workers, survivor].map((worker) => worker.terminate()));
  const last = await createWorker({ script });
  assert.equal(await last.send('echo', 2), 2);
  await last.shutdown();
  console.log('survived');
}

main();
