'use strict';

/** Workers good and bad, and what must hold after each bad one. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { setImmediate: turn } = require('node:timers/promises');
const { createWorker } = require('hawser');

const execPath = process.env.HAWSER_NODE || process.execPath;
const script = path.join(__dirname, 'good-worker.js');
const TRANSPORTS = ['socket', 'shm'];

const countFds = () => fs.readdirSync('/proc/self/fd').length;

/** Wait, one turn of the loop after the other, until the condition holds: mocha limits how long. */
async function until(holds) {
  while (!holds()) await turn();
}

/**
 * A good worker for the whole describe block, asked after each test whether it still answers (P0.1);
 * and whether a bad worker left a descriptor or a process behind.
 */
function besideGoodWorker() {
  const started = [];
  let good;
  let fds;

  before(async () => {
    good = await createWorker({ script, execPath });
    assert.equal(await good.send('echo', 'before'), 'before');
    fds = countFds();
  });

  afterEach(async () => {
    assert.equal(await good.send('echo', 'after'), 'after');
    await Promise.all(started.splice(0).map(({ worker }) => worker.terminate()));
    await until(() => countFds() <= fds);
  });

  after(() => good.shutdown());

  /** @returns {Promise<import('hawser').Worker>} a process that behaves as it is told to */
  return async function startHostile(topic, behaviour, options = {}) {
    const { details = [], ...rest } = options;
    const argv = [topic, behaviour, ...details];
    const program = path.join(__dirname, 'worker.js');
    const worker = await createWorker({
      ...{ script, execPath, execArgv: [program], argv, transport: 'socket', stdio: 'inherit' },
      ...rest,
    });
    const seen = { worker, errors: [], exits: 0 };
    worker.on('error', (error) => seen.errors.push(error));
    worker.on('exit', () => seen.exits++);
    started.push(seen);
    worker.seen = seen;
    return worker;
  };
}

/** Every one of the calls, or pings, rejects because the connection ended with that rule. */
async function assertBreach(worker, calls, rule, failed = calls.length) {
  const settled = await Promise.allSettled(calls);
  for (const { status, reason } of settled) {
    assert.equal(status, 'rejected');
    assert.equal(reason.code, 'ERR_HAWSER_CRASHED', String(reason?.stack));
    assert.equal(reason.reason.type, 'error');
    assertProtocolError(reason.reason.error, rule);
  }
  assertEnded(worker, rule, failed);
}

function assertEnded(worker, rule, failed) {
  const { errors, exits } = worker.seen;
  assert.equal(exits, 1);
  assert.equal(errors.length, 1);
  assertProtocolError(errors[0], rule);
  assert.equal(worker.state, 'crashed');
  assert.equal(worker.pid, undefined);
  assert.equal(worker.stats().callsInFlight, 0);
  assert.equal(worker.stats().callsFailed, failed);
}

function assertProtocolError(error, rule) {
  assert.equal(error.code, 'ERR_HAWSER_PROTOCOL', String(error?.stack));
  assert.equal(error.name, 'ProtocolError');
  assert.equal(error.rule, rule);
}

/** The start fails at once, because of that rule. */
async function assertStartBreach(starting, rule) {
  await assert.rejects(starting, (error) => {
    assert.equal(error.code, 'ERR_HAWSER_START', String(error?.stack));
    assertProtocolError(error.cause, rule);
    return true;
  });
}

module.exports = { TRANSPORTS, besideGoodWorker, assertBreach, assertStartBreach, until };
