'use strict';

const assert = require('node:assert/strict');
const { setImmediate: nextTurn } = require('node:timers/promises');
const handlers = require('./peers/handlers.js');

const BURST = 1000;

/** The message of most cases: what a small request looks like. */
exports.smallObject = (id) => ({ id, op: 'echo', data: [1, 2, 3], nested: { a: 1, b: 'two' } });

/** Echo a small object and look at the answer; the deep comparison happens once, in `verify`. */
exports.echoSmall = async (peer, id) => {
  const answer = await peer.call(exports.smallObject(id));
  if (answer.id !== id || answer.nested.b !== 'two') throw new Error(`wrong answer to call ${id}`);
};

/** The peer must give back what it was sent. Throws an AssertionError if not. */
exports.verify = async (peer, make) => {
  assert.deepStrictEqual(await peer.call(make()), make());
};

/**
 * Warm up, then time `operate(count)` with a count that takes about `measureMs`.
 *
 * @param {object} peer a contender's
 * @param {(count: number) => Promise<void>} operate does `count` operations
 * @param {{ warmUpMs: number, measureMs: number }} settings
 * @returns {Promise<{ count: number, perSecond: number, cpu: number, sleeps: number, doorbells?: number }>}
 *   cpu: CPU seconds of both processes per million operations; sleeps, doorbells: per operation
 */
exports.measure = async (peer, operate, { warmUpMs, measureMs }) => {
  const count = Math.max(1, Math.round((await warmUp(operate, warmUpMs)) * measureMs));
  const before = await exports.usage(peer);
  const start = performance.now();
  await operate(count);
  const elapsedMs = performance.now() - start;
  const after = await exports.usage(peer);
  return {
    count,
    perSecond: (count / elapsedMs) * 1000,
    cpu: (after.host.cpu + after.worker.cpu - before.host.cpu - before.worker.cpu) / count,
    sleeps:
      (after.host.sleeps + after.worker.sleeps - before.host.sleeps - before.worker.sleeps) / count,
    doorbells: (after.doorbells - before.doorbells) / count,
  };
};

/** @returns {Promise<number>} operations per millisecond, of the last and longest turn */
async function warmUp(operate, warmUpMs) {
  const end = performance.now() + warmUpMs;
  for (let count = 1; ; count *= 2) {
    const start = performance.now();
    await operate(count);
    const now = performance.now();
    if (now >= end) return count / (now - start);
  }
}

/** What both processes have used so far; a thread's use is part of its host's. */
exports.usage = async (peer) => ({
  worker: peer.sharesProcess ? { cpu: 0, sleeps: 0 } : await peer.call(null, 'usage'),
  host: handlers.usage(),
  doorbells: peer.stats().doorbellsRung,
});

/**
 * Post `count` messages, stopping where the peer asks to, and turning the event loop now and then as
 * programs do.
 *
 * @param {(index: number) => boolean} post
 * @param {() => void} [onBurst] runs at each pause
 * @returns {Promise<number>} how often the peer asked to stop
 */
exports.pour = async (peer, count, post, onBurst = () => {}) => {
  let pauses = 0;
  for (let index = 0; index < count; index++) {
    if (!post(index)) {
      pauses += 1;
      onBurst();
      await peer.drained();
    } else if (index % BURST === BURST - 1) {
      onBurst();
      await nextTurn();
    }
  }
  return pauses;
};

/** @param {ArrayLike<number>} values  @param {number} share 0..1 */
exports.quantile = (values, share) => {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
};
