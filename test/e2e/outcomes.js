'use strict';

/** What becomes of what a worker is asked, and of a worker that is launched by hand. */

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { normalizeOptions } = require('../../lib/options');
const { Worker } = require('../../lib/worker-client');
const { execPath, fixture } = require('./started');

const RETRY = { unexpectedShutdown: { strategy: 'retry' } };

/** @returns {Promise<any>} what it rejects with */
const errorOf = (promise) =>
  promise.then(
    () => assert.fail('it resolved'),
    (error) => error,
  );

/** @returns {Promise<string>} the code of its error, or 'resolved' */
const codeOf = (promise) =>
  promise.then(
    () => 'resolved',
    (error) => error.code,
  );

/** What became of a post: what it returned, or the code of what it threw. */
function posted(worker) {
  try {
    return worker.post('echo', 1);
  } catch (error) {
    return error.code;
  }
}

/** All items of a stream, and the error behind them if there was one. */
async function outcomeOf(stream) {
  const items = [];
  try {
    for await (const item of stream) items.push(item);
  } catch (error) {
    return { items, error };
  }
  return { items };
}

/** Resolves when its process has died and the next one is not ready. */
async function inRestart(worker) {
  const restarting = once(worker, 'restart');
  process.kill(worker.pid, 'SIGKILL');
  await restarting;
}

/**
 * For the describe block in which it is called: launch(name, options) gives a worker that is starting,
 * of workers/<name>, ready(options) one that is ready; they are ended after each test. `started` is
 * the code of its start, `steps` are its states, `exits` counts its processes that have ended.
 * @param {() => object} given options, asked for each worker
 */
function launcher(given) {
  const workers = [];
  afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.terminate())));

  function launch(name, options) {
    const base = { script: fixture(name), execPath, stdio: 'ignore', ...given() };
    const worker = new Worker(normalizeOptions({ ...base, ...options }));
    worker.socketPath = base.socketPath;
    worker.steps = [worker.state];
    worker.on('state', (now, before) => {
      assert.equal(before, worker.steps.at(-1));
      worker.steps.push(now);
    });
    worker.exits = 0;
    worker.on('exit', () => worker.exits++);
    worker.on('error', () => {});
    worker.started = codeOf(worker.start());
    workers.push(worker);
    return worker;
  }

  async function ready(options) {
    const worker = launch('mortal.js', options);
    assert.equal(await worker.started, 'resolved');
    return worker;
  }

  return { launch, ready };
}

module.exports = { RETRY, codeOf, errorOf, inRestart, launcher, outcomeOf, posted };
