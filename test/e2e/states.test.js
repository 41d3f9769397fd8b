'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { NEXT, checkTransition } = require('../../lib/states');
const { RETRY, codeOf, launcher, posted } = require('./outcomes');
const { isGone, until } = require('./processes');
const { scratch } = require('./started');

const CLOSED = 'ERR_HAWSER_CLOSED';
const CRASHED = 'ERR_HAWSER_CRASHED';

describe('the table of states', () => {
  it('has the states of the contract, and leads to those only', () => {
    const states = 'starting connecting ready restarting disconnected closing closed crashed';
    assert.deepEqual(Object.keys(NEXT).sort(), states.split(' ').sort());
    for (const next of Object.values(NEXT))
      for (const state of next) assert.ok(state in NEXT, state);
  });

  it('lets every state end, and no end be left', () => {
    assert.deepEqual([NEXT.closed, NEXT.crashed], [[], []]);
    for (const [state, next] of Object.entries(NEXT)) {
      const ends = next.includes('closing') || next.includes('closed') || next.length === 0;
      assert.ok(ends, state);
    }
  });

  it('refuses each step that it does not have', () => {
    for (const before of Object.keys(NEXT)) {
      for (const now of Object.keys(NEXT)) {
        if (NEXT[before].includes(now)) checkTransition(before, now);
        else assert.throws(() => checkTransition(before, now), /cannot become/, `${before} ${now}`);
      }
    }
  });
});

function states(transport) {
  const write = scratch();
  const { launch, ready } = launcher(() => ({ transport }));
  const make = {
    starting: async () => launch('import-never-ends.mjs'),
    ready: () => ready(),
    restarting: async () => {
      const worker = await ready(RETRY);
      const restart = once(worker, 'restart');
      process.kill(worker.pid, 'SIGKILL');
      await restart;
      return worker;
    },
    // Between two tries.
    restartingLater: async () => {
      const failsIf = path.join(write({}), 'file');
      const worker = await ready({ ...RETRY, workerData: { failsIf } });
      fs.writeFileSync(failsIf, '');
      process.kill(worker.pid, 'SIGKILL');
      await until(() => worker.exits === 2, 'a start fails');
      return worker;
    },
    closing: async () => {
      const worker = await ready();
      worker.send('never').catch(() => {});
      worker.shutdown({ timeout: 0 });
      return worker;
    },
    closed: async () => {
      const worker = await ready();
      await worker.shutdown();
      return worker;
    },
    crashed: async () => {
      const worker = await ready();
      const exit = once(worker, 'exit');
      process.kill(worker.pid, 'SIGKILL');
      await exit;
      return worker;
    },
  };

  // What is asked: send, post, ping; what is left after shutdown, terminate and a kill.
  const EXPECTED = {
    starting: [CLOSED, CLOSED, CLOSED, 'closed', 'closed', 'crashed'],
    ready: ['resolved', true, 'resolved', 'closed', 'closed', 'crashed'],
    restarting: ['resolved', true, CRASHED, 'closed', 'closed', 'ready'],
    restartingLater: [CRASHED, true, CRASHED, 'closed', 'closed', 'crashed'],
    closing: [CLOSED, CLOSED, CLOSED, undefined, 'closed', 'closed'],
    closed: [CLOSED, CLOSED, CLOSED, 'closed', 'closed', 'closed'],
    crashed: [CRASHED, CRASHED, CRASHED, 'crashed', 'crashed', 'crashed'],
  };

  for (const [name, expected] of Object.entries(EXPECTED)) {
    const state = name.replace('Later', '');
    const [send, post, ping, afterShutdown, afterTerminate, afterKill] = expected;

    it(`${name}: answers send, post and ping as it should`, async () => {
      const worker = await make[name]();
      assert.equal(worker.state, state);
      assert.equal(posted(worker), post);
      const codes = [codeOf(worker.send('echo', 1)), codeOf(worker.ping())];
      assert.deepEqual(await Promise.all(codes), [send, ping]);
    });

    for (const [verb, after] of [
      ['shutdown', afterShutdown],
      ['terminate', afterTerminate],
    ]) {
      if (after === undefined) continue; // waits for its handler, as it was told
      it(`${name}: ${verb}, twice, leaves it ${after}, and no process`, async () => {
        const worker = await make[name]();
        const { pid } = worker;
        const exits = worker.exits + (pid === undefined ? 0 : 1);
        await Promise.all([worker[verb](), worker[verb]()]);
        await worker[verb]();
        assert.equal(worker.state, after);
        assert.equal(worker.pid, undefined);
        if (pid !== undefined) await isGone(pid);
        assert.equal(worker.exits, exits);
        if (name === 'starting') assert.equal(await worker.started, CLOSED);
        assert.equal(worker.steps.filter((step) => step === after).length, 1);
      });
    }

    it(`${name}: the death of its process leads to ${afterKill}`, async () => {
      const worker = await make[name]();
      if (worker.pid !== undefined) process.kill(worker.pid, 'SIGKILL');
      await until(() => worker.state === afterKill, `it is ${afterKill}`);
      if (name === 'starting') assert.equal(await worker.started, 'ERR_HAWSER_START');
    });
  }

  it('rejects what waits when it is ended while it restarts, at once', async () => {
    for (const verb of ['shutdown', 'terminate']) {
      const worker = await make.restartingLater();
      const waiting = codeOf(worker.send('echo', 1));
      await worker[verb]();
      assert.equal(await waiting, CLOSED);
      assert.equal(worker.state, 'closed');
    }
  });

  it('a start that fails ends in crashed', async () => {
    const worker = launch('throws-at-import.js');
    assert.equal(await worker.started, 'ERR_HAWSER_START');
    assert.deepEqual(worker.steps, ['starting', 'crashed']);
    assert.equal(await codeOf(worker.send('echo', 1)), CRASHED);
  });

  it('may be ended by whoever hears of any of its events', async () => {
    for (const verb of ['shutdown', 'terminate']) {
      for (const event of ['state', 'exit', 'restart']) {
        const worker = await ready(RETRY);
        const ended = new Promise((resolve) => worker.once(event, () => resolve(worker[verb]())));
        process.kill(worker.pid, 'SIGKILL');
        await ended;
        await until(() => worker.state === 'closed', `${verb} at ${event}`);
        assert.equal(worker.exits, 1);
      }
      const worker = await make.restarting();
      const ended = new Promise((resolve) => worker.once('ready', () => resolve(worker[verb]())));
      await ended;
      assert.equal(worker.state, 'closed');
    }
  });
}

describe('a worker over shared memory', () => states('shm'));
describe('a worker over a socket', () => states('socket'));
