'use strict';

const assert = require('node:assert/strict');
const fc = require('fast-check');
const { memoryPair } = require('./memory-pair');
const { Observer } = require('./observer');

const SEED = 20261121;
/** Milliseconds, less than a test has: what fails is told of before it is shrunk to the end. */
const SHRINKING = 15_000;

const side = fc.constantFrom('near', 'far');
const step = (name, arbitraries = {}, weight = 1) => ({
  weight,
  arbitrary: fc.record({ name: fc.constant(name), side, ...arbitraries }),
});
const values = fc.oneof(
  fc.integer(),
  fc.string({ maxLength: 8 }),
  fc.constant(undefined),
  fc.constant(false),
  fc.record(
    { type: fc.constantFrom('pause', 'resume', 'end', 'data'), payload: fc.integer() },
    { noNullPrototype: true },
  ),
);

/** What is written by one step. @param {boolean} objectMode */
function chunksOf(objectMode) {
  if (objectMode) return fc.array(values, { minLength: 1, maxLength: 12 });
  const bytes = fc
    .nat({ max: 60 })
    .chain((length) =>
      fc.nat({ max: 255 }).map((first) => Buffer.from({ length }, (_, i) => first + i)),
    );
  return fc.array(bytes, { minLength: 1, maxLength: 6 });
}

const stepsOf = (objectMode) =>
  fc.array(
    fc.oneof(
      step('write', { chunks: chunksOf(objectMode) }, 8),
      step('cork'),
      step('uncork'),
      step('pause', {}, 2),
      step('resume', {}, 2),
      step('take', { count: fc.integer({ min: 1, max: 40 }) }, 3),
      step('settle', {}, 2),
      step('end'),
      step('destroy', { message: fc.option(fc.string({ maxLength: 8 })) }),
    ),
    { maxLength: 30 },
  );

/** Drive a pair, and let everything come to its end. @returns {Promise<object>} what was seen */
async function drive(pair, steps) {
  const ends = { near: new Observer(pair.near), far: new Observer(pair.far) };
  const { near, far } = ends;
  const settle = async () => {
    await near.settle(far);
    await far.settle(near);
  };
  let isDestroyed = false;
  for (const one of steps) {
    const end = ends[one.side];
    const other = end === near ? far : near;
    if (one.name === 'settle') await settle();
    else if (one.name === 'take') await takeFrom(end, other, one.count, settle);
    else if (one.name === 'cork') await cork(end, other, settle);
    else if (one.name === 'pause') await settle().then(() => end.pause());
    else if (one.name === 'write') for (const chunk of one.chunks) end.write(chunk);
    else if (one.name !== 'destroy') end[one.name]();
    else if (await destroy(end, other, one.message, settle)) {
      isDestroyed = true;
      break;
    }
  }
  if (!isDestroyed) await complete(near, far, settle);
  await Promise.all([near.closed(), far.closed()]);
  return { near: near.seen(), far: far.seen() };
}

/** Only where nothing is on its way: Node holds back that too, as far as it has not gone out. */
async function cork(end, other, settle) {
  await settle();
  if (other.isFlowing) end.cork();
}

/** By hand, from an end that does not read of itself. */
async function takeFrom(end, other, count, settle) {
  await settle();
  if (!end.isFlowing && !end.pipe.destroyed) await end.take(count, other);
}

/**
 * Only where what is seen then does not depend on how far each carrier has come: no end is half
 * over. @returns {Promise<boolean>} whether it was done
 */
async function destroy(end, other, message, settle) {
  await settle();
  if (end.hasEnded || other.hasEnded) return false;
  end.pipe.destroy(message === null ? undefined : new Error(message));
  return true;
}

async function complete(near, far, settle) {
  for (const end of [near, far]) {
    end.uncork();
    end.resume();
    end.end();
  }
  await settle();
}

/** Node's own law of streams, whatever else was seen. */
function keepsTheLaw({ events }) {
  assert.equal(new Set(events).size, events.length, `twice: ${events}`);
  assert.equal(events.at(-1), 'close');
  assert.ok(!events.includes('data after end'));
}

/**
 * A pipe and a pair of plain streams in memory, driven alike, are seen to do the same: as a test of
 * the describe block that this is called in.
 * @param {(options: object) => Promise<{ near: any, far: any, close: () => any }>} open
 * @param {{ runs?: number }} [settings]  runs: per mode, default 300
 */
function describeModel(open, { runs = 300 } = {}) {
  for (const objectMode of [true, false]) {
    const mode = objectMode ? 'values' : 'bytes';
    it(`does what a pair of plain streams does, with ${mode}, whatever is done to it`, async () => {
      const property = fc.asyncProperty(
        fc.integer({ min: 1, max: 64 }),
        stepsOf(objectMode),
        async (highWaterMark, steps) => {
          const options = { objectMode, highWaterMark };
          const pair = await open(options);
          try {
            const [seen, expected] = [
              await drive(pair, steps),
              await drive(memoryPair(options), steps),
            ];
            for (const end of [seen.near, seen.far]) keepsTheLaw(end);
            assert.deepEqual(sorted(seen), sorted(expected));
          } finally {
            for (const pipe of [pair.near, pair.far]) pipe.destroy();
            await pair.close();
          }
        },
      );
      await fc.assert(property, {
        numRuns: runs,
        seed: SEED,
        interruptAfterTimeLimit: SHRINKING,
        markInterruptAsFailure: true,
      });
    });
  }
}

/** 'end' and 'finish' of one end come in either order. */
function sorted({ near, far }) {
  return [near, far].map(({ data, events }) => ({ data, events: [...events].sort() }));
}

module.exports = { describeModel };
