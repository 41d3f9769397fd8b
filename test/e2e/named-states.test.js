'use strict';

/** What each event does in each state of a worker at a named socket; the others are in states.test.js. */

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { normalizeOptions } = require('../../lib/options');
const { Worker } = require('../../lib/worker-client');
const { namedStarter } = require('./named');
const { isGone, until } = require('./processes');
const { execPath, fixture } = require('./started');

const CLOSED = 'ERR_HAWSER_CLOSED';
const CRASHED = 'ERR_HAWSER_CRASHED';

const codeOf = (promise) =>
  promise.then(
    () => 'resolved',
    (error) => error.code,
  );

function posted(worker) {
  try {
    return worker.post('echo', 1);
  } catch (error) {
    return error.code;
  }
}

describe('a worker at a named socket', () => {
  const { place } = namedStarter();
  const workers = [];
  afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.terminate())));

  function launch(name, options = {}) {
    const given = { script: fixture(name), execPath, stdio: 'ignore', socketPath: place() };
    const worker = new Worker(normalizeOptions({ ...given, ...options }));
    worker.socketPath = given.socketPath;
    worker.on('error', () => {});
    worker.exits = 0;
    worker.on('exit', () => worker.exits++);
    worker.started = codeOf(worker.start());
    workers.push(worker);
    return worker;
  }

  async function ready(options) {
    const worker = launch('mortal.js', options);
    assert.equal(await worker.started, 'resolved');
    return worker;
  }

  async function disconnected(options) {
    const worker = await ready(options);
    await worker.disconnect();
    return worker;
  }

  const make = {
    starting: async () => launch('import-never-ends.mjs'),
    ready: () => ready(),
    restarting: async () => {
      const worker = await ready({ unexpectedShutdown: { strategy: 'retry' } });
      const restart = once(worker, 'restart');
      process.kill(worker.pid, 'SIGKILL');
      await restart;
      return worker;
    },
    disconnected: () => disconnected(),
    connecting: async () => {
      const worker = await disconnected();
      process.kill(worker.pid, 'SIGSTOP');
      worker.rejoined = codeOf(worker.reconnect());
      await until(() => worker.state === 'connecting', 'it connects');
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

  // What becomes of disconnect and reconnect; and of the state by them.
  const VERBS = {
    starting: [CLOSED, CLOSED, 'starting', 'starting'],
    ready: ['resolved', 'resolved', 'disconnected', 'ready'],
    restarting: [CRASHED, CRASHED, 'restarting', 'restarting'],
    disconnected: ['resolved', 'resolved', 'disconnected', 'ready'],
    connecting: [CLOSED, 'resolved', 'connecting', 'ready'],
    closing: [CLOSED, CLOSED, 'closing', 'closing'],
    closed: [CLOSED, CLOSED, 'closed', 'closed'],
    crashed: [CRASHED, CRASHED, 'crashed', 'crashed'],
  };
  for (const [state, [disconnect, reconnect, afterDisconnect, afterReconnect]] of Object.entries(
    VERBS,
  )) {
    it(`${state}: disconnect leaves it ${afterDisconnect}`, async () => {
      const worker = await make[state]();
      assert.equal(worker.state, state);
      const codes = [codeOf(worker.disconnect()), codeOf(worker.disconnect())];
      assert.deepEqual(await Promise.all(codes), [disconnect, disconnect]);
      assert.equal(worker.state, afterDisconnect);
    });

    it(`${state}: reconnect leaves it ${afterReconnect}`, async () => {
      const worker = await make[state]();
      const codes = [codeOf(worker.reconnect()), codeOf(worker.reconnect())];
      if (state === 'connecting') process.kill(worker.pid, 'SIGCONT');
      assert.deepEqual(await Promise.all(codes), [reconnect, reconnect]);
      assert.equal(worker.state, afterReconnect);
    });
  }

  for (const state of ['disconnected', 'connecting']) {
    it(`${state}: refuses what it is asked`, async () => {
      const worker = await make[state]();
      assert.equal(posted(worker), CLOSED);
      const codes = [codeOf(worker.send('echo', 1)), codeOf(worker.ping())];
      assert.deepEqual(await Promise.all(codes), [CLOSED, CLOSED]);
      assert.throws(() => worker.notify('event'), { code: CLOSED });
    });

    for (const verb of ['shutdown', 'terminate']) {
      it(`${state}: ${verb}, twice, leaves it closed, and neither process nor file`, async () => {
        const worker = await make[state]();
        const { pid, socketPath } = worker;
        await Promise.all([worker[verb](), worker[verb]()]);
        await worker[verb]();
        assert.equal(worker.state, 'closed');
        await isGone(pid);
        assert.equal(worker.exits, 1);
        assert.deepEqual(fs.readdirSync(path.dirname(socketPath)), []);
        assert.equal(await (worker.rejoined ?? CLOSED), CLOSED);
      });
    }

    it(`${state}: the death of its process leads to crashed`, async () => {
      const worker = await make[state]();
      worker.ref();
      process.kill(worker.pid, 'SIGKILL');
      await until(() => worker.state === 'crashed', 'it is crashed');
      assert.equal(await (worker.rejoined ?? CRASHED), CRASHED);
      assert.equal(await codeOf(worker.send('echo', 1)), CRASHED);
      assert.equal(worker.exits, 1);
    });
  }

  it('may be ended, or left, by whoever hears of its events', async () => {
    for (const verb of ['shutdown', 'terminate']) {
      for (const event of ['state', 'disconnect']) {
        const worker = await ready();
        const ended = new Promise((resolve) => worker.once(event, () => resolve(worker[verb]())));
        await worker.disconnect();
        await ended;
        assert.equal(worker.state, 'closed', `${verb} at ${event}`);
      }
      for (const event of ['state', 'reconnect', 'ready']) {
        const worker = await disconnected();
        const ended = new Promise((resolve) => worker.once(event, () => resolve(worker[verb]())));
        await codeOf(worker.reconnect());
        await ended;
        assert.equal(worker.state, 'closed', `${verb} at ${event}`);
      }
    }
    const worker = await disconnected();
    worker.once('ready', () => worker.disconnect());
    await worker.reconnect();
    await once(worker, 'disconnect');
    assert.equal(worker.state, 'disconnected');
  });
});
