'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const path = require('node:path');
const { createWorker } = require('hawser');
const { buildWorker } = require('../c/run');
const { IN_ORDER, NOT_APPLICABLE } = require('./native/not-applicable');
const { conforms } = require('./suite');

const FOLDER = 'test/conformance/native';
const SHARED = ['program', 'values'];
/** Those of workers/ that there are in C, and what they are made of. */
const PROGRAMS = {
  handlers: [],
  'custom-codec': [],
  flow: [],
  cancels: [],
  emits: [],
  progresses: [],
  asks: [],
  streams: ['given', 'echoes'],
};

/** What the suite asks of a pool of threads, too; the rest would be the same as without. */
/** What begins, ends or is given up first is told by the order of handlers, which a pool has not. */
const NEEDS_AN_ORDER = /signal|abort|given up|is left|too long|order|counted/;
const POOLED = [
  'calls in flight',
  'post with the mark {"messages":1}',
  'post runs',
  'onProgress',
  'stream()',
  'a payload that is a stream',
];

const executables = new Map();

/** The first that needs them waits for the compiler. */
async function buildAll() {
  const builds = Object.entries(PROGRAMS).map(async ([name, parts]) => {
    const sources = [name, ...parts, ...SHARED].map((part) => `${FOLDER}/${part}.c`);
    executables.set(name, await buildWorker(sources));
  });
  await Promise.all(builds);
}

/** Options for the program in C instead of the script of the same name. */
function asNative({ script, execPath: _, ...options }) {
  const { maxConcurrency } = options.workerData ?? {};
  const argv = maxConcurrency ? [`--max-concurrency=${maxConcurrency}`] : [];
  return {
    ...options,
    driver: 'native',
    script: executables.get(path.basename(script, '.js')),
    argv,
  };
}

/** With a pool of handlers. */
function inPool(options) {
  return { ...asNative(options), env: { ...process.env, HAWSER_TEST_THREADS: '4' } };
}

const titleWithin = (suite, test) => test.titlePath().slice(suite.titlePath().length).join(' ');

/** Take out tests of a describe block. @returns {string[]} the titles of those within it */
function withdraw(suite, isWithdrawn) {
  const withdrawn = [];
  suite.eachTest((test) => {
    const title = titleWithin(suite, test);
    if (isWithdrawn(title)) withdrawn.push(title);
  });
  const visit = (one) => {
    one.tests = one.tests.filter((test) => !withdrawn.includes(titleWithin(suite, test)));
    one.suites.forEach(visit);
  };
  visit(suite);
  return withdrawn;
}

describe('a native worker', () => {
  const listed = Object.values(NOT_APPLICABLE).flat();
  before(async function () {
    this.timeout(120_000);
    await buildAll();
  });

  const pool = describe('with four threads', () => conforms('shm', { adapt: inPool }));
  const isOfPool = (title) =>
    POOLED.some((group) => title.startsWith(`${group} `)) && !NEEDS_AN_ORDER.test(title);
  const notOfPool = withdraw(
    pool,
    (title) => !isOfPool(title) || listed.includes(title) || IN_ORDER.includes(title),
  );

  it('is asked with four threads what needs no order, and what is left out is in the suite', () => {
    assert.deepEqual(
      IN_ORDER.filter((title) => !notOfPool.includes(title)),
      [],
    );
  });

  describe('beside the suite', () => {
    let worker;
    const start = async (script) =>
      (worker = await createWorker(asNative({ script: `${script}.js`, transport: 'shm' })));
    afterEach(() => worker.shutdown());

    it('refuses in the emitter what is no name, no codec or too long, and sends nothing', async () => {
      await start('emits');
      assert.deepEqual(await worker.send('refusals'), Array(5).fill('HWR_EBADARG'));
      assert.equal(await worker.send('early'), 'ERR_HAWSER_CLOSED');
    });

    it('refuses send() and post() to a handler that streams, and does not run it', async () => {
      await start('streams');
      await assert.rejects(worker.send('endless'), { code: 'ERR_HAWSER_UNSUPPORTED' });
      worker.post('endless');
      assert.equal(await worker.send('produced'), 0);
      assert.equal(await worker.send('running'), 0);
    });

    it('refuses a pipe with the error of its program, and goes on', async () => {
      await start('streams');
      const [error] = await once(worker.openPipe('refused'), 'error');
      assert.ok(error instanceof RangeError);
      assert.deepEqual([error.code, error.limit], ['E_FAR', 7]);
      assert.equal(await worker.send('plain', 1), 1);
    });
  });

  for (const transport of ['shm', 'socket']) {
    const suite = describe(`over ${transport}`, () => conforms(transport, { adapt: asNative }));
    const withdrawn = withdraw(suite, (title) => listed.includes(title));

    it(`has every row of the suite over ${transport} but those that are listed as not applicable`, () => {
      assert.deepEqual(withdrawn.sort(), [...listed].sort());
      assert.equal(new Set(listed).size, listed.length);
    });
  }
});
