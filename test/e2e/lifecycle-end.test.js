'use strict';

const assert = require('node:assert/strict');
const { ChildProcess } = require('node:child_process');
const { once } = require('node:events');
const { setImmediate: turn, setTimeout: wait } = require('node:timers/promises');
const { createWorker } = require('hawser');
const { heldAtRest, hostStarter, isGone, isRunning, releases, until } = require('./processes');
const { execPath, fixture, starter } = require('./started');

const CLOSED = { name: 'WorkerClosedError', code: 'ERR_HAWSER_CLOSED' };
const MEBIBYTE = 1024 * 1024;

/** How often a promise settled, and how. */
function watch(promise) {
  const seen = { settled: 0, error: undefined, value: undefined };
  promise.then(
    (value) => Object.assign(seen, { value, settled: seen.settled + 1 }),
    (error) => Object.assign(seen, { error, settled: seen.settled + 1 }),
  );
  return seen;
}

const statesOf = (worker) => {
  const states = [worker.state];
  worker.on('state', (now, before) => {
    assert.equal(before, states.at(-1));
    states.push(now);
  });
  return states;
};

const exitsOf = (worker) => {
  const exits = [];
  worker.on('exit', (code, signal) => exits.push([code, signal]));
  return exits;
};

describe('shutdown', () => {
  const start = starter();

  it('lets calls that run finish, refuses new ones, and leaves by itself', async () => {
    const worker = await start('slow.js');
    const states = statesOf(worker);
    const exits = exitsOf(worker);
    const { pid } = worker;
    const running = [1, 2, 3].map((n) => worker.send('slow', n));
    const ended = worker.shutdown();
    await assert.rejects(worker.send('slow', 4), CLOSED);
    await assert.rejects(worker.ping(), CLOSED);
    assert.throws(() => worker.post('slow', 5), CLOSED);
    assert.deepEqual(await Promise.all(running), [1, 2, 3]);
    await ended;
    assert.equal(isRunning(pid), false);
    assert.deepEqual(states, ['ready', 'closing', 'closed']);
    assert.deepEqual(exits, [[0, null]]);
  });

  it('twice at once, then again, ends once (P10)', async () => {
    const worker = await start();
    const exits = exitsOf(worker);
    await Promise.all([worker.shutdown(), worker.close(), worker.shutdown({ timeout: 1 })]);
    await worker.shutdown();
    await worker.close();
    assert.equal(exits.length, 1);
  });

  it('waits for messages that were posted', async () => {
    const worker = await start('slow.js', { stdio: 'pipe' });
    let said = '';
    worker.stdout.setEncoding('utf8').on('data', (text) => (said += text));
    const closed = once(worker.stdout, 'end');
    for (let i = 0; i < 100; i++) worker.post('note', '.');
    await worker.shutdown();
    await closed;
    assert.equal(said, '.'.repeat(100));
  });

  it('of a worker whose handler never ends is SIGTERM after the timeout', async () => {
    const worker = await start();
    const exits = exitsOf(worker);
    const call = watch(worker.send('never'));
    await worker.shutdown({ timeout: 50 });
    assert.deepEqual(exits, [[null, 'SIGTERM']]);
    await until(() => call.settled === 1, 'the call settles');
    assert.equal(call.error.code, CLOSED.code);
  });

  it('of a worker that ignores SIGTERM is SIGKILL in the end (P9)', async () => {
    const worker = await start('verbs.js', { shutdownTimeout: 50 });
    await worker.send('ignoreSigterm');
    const exits = exitsOf(worker);
    const call = assert.rejects(worker.send('loop'), CLOSED);
    await worker.shutdown();
    await call;
    assert.deepEqual(exits, [[null, 'SIGKILL']]);
  });

  it('with timeout 0 waits for as long as a handler runs', async () => {
    const worker = await start('slow.js', { shutdownTimeout: 1 });
    const call = worker.send('until');
    const ended = worker.shutdown({ timeout: 0 });
    await wait(20); // for a signal that must not come
    process.kill(worker.pid, 'SIGUSR2');
    assert.equal(await call, 'SIGUSR2');
    await ended;
    assert.equal(worker.state, 'closed');
  });

  it('may be called from a call that settles, and from its own event (P10)', async () => {
    const worker = await start();
    const exits = exitsOf(worker);
    worker.on('state', () => worker.shutdown());
    worker.on('exit', () => worker.terminate());
    await worker.send('echo', 1).then(() => worker.shutdown());
    await worker.shutdown();
    assert.deepEqual(exits, [[0, null]]);
  });

  it('is what Symbol.asyncDispose does', async () => {
    const worker = await start();
    await worker[Symbol.asyncDispose]();
    assert.equal(worker.state, 'closed');
  });

  it('rejects with a TypeError for what is no option, and changes nothing (A6)', async () => {
    const worker = await start();
    for (const options of [null, 5, 'now', { timeuot: 5 }, { timeout: '5' }])
      await assert.rejects(worker.shutdown(options), {
        name: 'TypeError',
        message: /shutdown|'5'/,
      });
    assert.equal(worker.state, 'ready');
  });

  it('rejects with a RangeError for a timeout out of range, and changes nothing (A6)', async () => {
    const worker = await start();
    for (const timeout of [-1, NaN, Infinity, 1.5, 2 ** 31])
      await assert.rejects(worker.shutdown({ timeout }), {
        name: 'RangeError',
        message: /timeout/,
      });
    assert.equal(worker.state, 'ready');
  });

  it('leaves no descriptor and no handle in the host', async () => {
    await (await start()).shutdown();
    const before = await heldAtRest();
    const worker = await start();
    await worker.send('echo', Buffer.alloc(MEBIBYTE));
    await worker.shutdown();
    await releases(before);
  });
});

describe('terminate', () => {
  const start = starter();

  it('ends a worker in an endless loop (P9)', async () => {
    const worker = await start();
    const exits = exitsOf(worker);
    const call = assert.rejects(worker.send('loop'), CLOSED);
    await worker.terminate();
    await call;
    assert.deepEqual(exits, [[null, 'SIGKILL']]);
  });

  it('ends a worker that ignores SIGTERM (P9)', async () => {
    const worker = await start();
    await worker.send('ignoreSigterm');
    const exits = exitsOf(worker);
    await worker.terminate();
    assert.deepEqual(exits, [[null, 'SIGKILL']]);
  });

  it('during shutdown ends both (P10)', async () => {
    const worker = await start();
    const exits = exitsOf(worker);
    const call = assert.rejects(worker.send('never'), CLOSED);
    const ended = worker.shutdown();
    await Promise.all([worker.terminate(), worker.terminate(), ended]);
    await call;
    assert.deepEqual(exits, [[null, 'SIGTERM']]);
  });

  it('is legal where a call has settled, and drops the answers behind it (P10)', async () => {
    const worker = await start();
    const exits = exitsOf(worker);
    const first = worker.send('echo', 1).then(() => worker.terminate());
    const calls = Array.from({ length: 100 }, (_, i) => watch(worker.send('echo', i)));
    await first;
    await until(() => calls.every((call) => call.settled > 0), 'all calls settle');
    assert.ok(calls.every((call) => call.settled === 1));
    assert.equal(exits.length, 1);
  });

  it('of one that has ended sends no signal, whoever has its pid now (P14)', async () => {
    const worker = await start();
    await worker.shutdown();
    const { kill } = ChildProcess.prototype;
    const processKill = process.kill;
    const sent = [];
    ChildProcess.prototype.kill = process.kill = (...args) => sent.push(args);
    try {
      await worker.terminate();
      await worker.shutdown();
    } finally {
      ChildProcess.prototype.kill = kill;
      process.kill = processKill;
    }
    assert.deepEqual(sent, []);
    assert.equal(worker.pid, undefined);
  });
});

describe('listeners that throw', () => {
  const startHost = hostStarter();

  const endings = {
    shutdown: [CLOSED.code, ['state', 'state', 'exit'], 'closed'],
    terminate: [CLOSED.code, ['state', 'state', 'exit'], 'closed'],
    crash: ['ERR_HAWSER_CRASHED', ['state', 'exit'], 'crashed'],
  };
  for (const [ending, [code, events, state]] of Object.entries(endings)) {
    it(`keep neither calls nor other listeners from being told of a ${ending}`, async () => {
      const host = startHost('throws.js', ending);
      assert.deepEqual(await host.next(), { code, emitted: events, thrown: events, state });
    });
  }
});

describe('a signal option', () => {
  const start = starter();

  it('that aborts later terminates the worker, and leaves no listener', async () => {
    const controller = new AbortController();
    const worker = await start('verbs.js', { signal: controller.signal });
    const exits = exitsOf(worker);
    const call = assert.rejects(worker.send('never'), CLOSED);
    controller.abort();
    await call;
    await until(() => exits.length === 1, 'the worker exits');
    assert.equal(worker.state, 'closed');
  });

  it('that aborts after the end changes nothing', async () => {
    const controller = new AbortController();
    const worker = await start('verbs.js', { signal: controller.signal });
    const states = statesOf(worker);
    await worker.shutdown();
    controller.abort();
    assert.deepEqual(states, ['ready', 'closing', 'closed']);
  });
});

describe('a worker that dies', () => {
  const start = starter();

  const crash = (how) => (error) => {
    assert.equal(error.name, 'WorkerCrashedError', error.stack);
    assert.equal(error.code, 'ERR_HAWSER_CRASHED');
    assert.deepEqual({ ...error.reason }, { type: 'exit', code: null, signal: null, ...how });
    assert.equal(error.attempt, 1);
    assert.equal(error.maxAttempts, 1);
    return true;
  };

  it('of process.exit rejects its calls with the code (P1)', async () => {
    const worker = await start();
    const states = statesOf(worker);
    const never = assert.rejects(worker.send('never'), crash({ code: 7 }));
    await assert.rejects(worker.send('exit', 7), crash({ code: 7 }));
    await never;
    assert.deepEqual(states, ['ready', 'crashed']);
    await assert.rejects(worker.send('echo', 1), crash({ code: 7 }));
    assert.throws(() => worker.post('echo', 1), crash({ code: 7 }));
    await assert.rejects(worker.ping(), crash({ code: 7 }));
    await worker.shutdown();
    await worker.terminate();
    assert.deepEqual(states, ['ready', 'crashed']);
  });

  it('of process.exit(0) has crashed too (P1)', async () => {
    const worker = await start();
    await assert.rejects(worker.send('exit', 0), crash({ code: 0 }));
    assert.equal(worker.state, 'crashed');
  });

  for (const signal of ['SIGKILL', 'SIGABRT', 'SIGTERM']) {
    it(`of ${signal} rejects its calls with the signal (P1)`, async () => {
      const worker = await start();
      await assert.rejects(worker.send('kill', signal), crash({ signal }));
    });
  }

  it('of SIGKILL with 1,000 calls pending rejects each once, then is gone (P1)', async () => {
    const worker = await start();
    const { pid } = worker;
    const exits = exitsOf(worker);
    const calls = Array.from({ length: 1000 }, () => watch(worker.send('never')));
    await worker.ping();
    process.kill(pid, 'SIGKILL');
    await until(() => calls.every((call) => call.settled > 0), 'all calls settle');
    assert.ok(
      calls.every((call) => call.settled === 1 && crash({ signal: 'SIGKILL' })(call.error)),
    );
    assert.deepEqual(exits, [[null, 'SIGKILL']]);
    assert.equal(worker.stats().callsInFlight, 0);
    assert.equal(worker.stats().callsFailed, 1000);
    await isGone(pid);
  });

  for (const [verb, text] of [
    ['throwLater', 'an exception that nobody caught'],
    ['rejectLater', 'a rejection that nobody handled'],
  ]) {
    it(`of ${text} tells it in stderrTail (P8)`, async () => {
      const worker = await start();
      const error = await worker.send(verb, text).catch((reason) => reason);
      crash({ code: 1 })(error);
      assert.ok(error.stderrTail.includes(`Error: ${text}`), error.stderrTail);
      assert.equal(error.messageType, verb);
      assert.match(error.message, /exit code 1/);
    });
  }

  for (const bytes of [0, 1, 100_000, 10 * MEBIBYTE]) {
    it(`behind an answer of ${bytes} bytes has it arrive whole (P2)`, async () => {
      const worker = await start();
      const never = assert.rejects(worker.send('never'), crash({ code: 0 }));
      const answer = await worker.send('answerAndExit', bytes);
      assert.ok(answer.equals(Buffer.alloc(bytes, 'z')));
      await never;
    });
  }

  it('behind 1,000 answers has all of them arrive (P2)', async () => {
    const worker = await start();
    const calls = Array.from({ length: 1000 }, (_, i) => worker.send('echo', i));
    const exit = assert.rejects(worker.send('exit', 0), crash({ code: 0 }));
    assert.deepEqual(
      await Promise.all(calls),
      Array.from({ length: 1000 }, (_, i) => i),
    );
    await exit;
  });

  it('emits exit once, after its calls were told', async () => {
    const worker = await start();
    const order = [];
    worker.on('exit', () => order.push('exit', worker.stats().callsInFlight));
    await assert.rejects(worker.send('exit', 1));
    assert.deepEqual(order, ['exit', 0]);
  });

  it('has crashed at once, though the last of its stderr may still come', async () => {
    const worker = await start('leaves-a-child.js', { stdio: 'pipe' });
    const child = await worker.send('spawn');
    try {
      const call = assert.rejects(worker.send('exit'), crash({ code: 1 }));
      while (worker.pid !== undefined) await turn();
      const later = [worker.send('spawn'), worker.ping()].map((refused) =>
        assert.rejects(refused, crash({ code: 1 })),
      );
      assert.throws(() => worker.post('spawn'), crash({ code: 1 }));
      await Promise.all([worker.shutdown(), worker.terminate()]);
      assert.equal(worker.state, 'crashed');
      await Promise.all([call, ...later]);
    } finally {
      process.kill(child, 'SIGKILL');
    }
  });

  it('because it closed its connection and stayed has crashed of that (P7)', async () => {
    const worker = await start('verbs.js', {
      transport: 'socket',
      execArgv: [fixture('hangs-up.js')],
    });
    const { pid } = worker;
    const how = { type: 'close', signal: 'SIGKILL' };
    await assert.rejects(worker.send('ask'), crash(how));
    assert.equal(isRunning(pid), false);
  });

  it('leaves no descriptor and no handle in the host', async () => {
    await (await start()).shutdown();
    const before = await heldAtRest();
    const worker = await start();
    await assert.rejects(worker.send('kill', 'SIGKILL'));
    await releases(before);
  });
});

describe('a worker that closes its own stdio', () => {
  const start = starter();

  it('still answers (P7)', async () => {
    const worker = await start('closes-stdio.js', { stdio: 'pipe' });
    assert.equal(await worker.send('echo', 1), 1);
    await worker.send('close');
    assert.equal(await worker.send('echo', 2), 2);
    await worker.shutdown();
    assert.equal(worker.state, 'closed');
  });
});

describe('createWorker, aborted at any moment of the start', () => {
  it('rejects with the reason, and leaves nothing (P10)', async () => {
    await (await createWorker(fixture('verbs.js'), { execPath })).shutdown();
    const before = await heldAtRest();
    const reason = new Error('enough');
    for (const turns of [0, 1, 2, 5]) {
      const controller = new AbortController();
      const { signal } = controller;
      const started = createWorker(fixture('verbs.js'), { execPath, signal });
      const refused = assert.rejects(started, reason);
      for (let i = 0; i < turns; i++) await new Promise(setImmediate);
      controller.abort(reason);
      await refused;
    }
    await releases(before);
  });
});
