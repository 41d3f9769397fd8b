'use strict';

/** Native workers that are no friends: programs in C that speak the protocol as they like. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { buildWorker } = require('../c/run');
const {
  TRANSPORTS,
  assertBreach,
  assertStartBreach,
  besideGoodWorker,
  until,
} = require('./workers');

const MEBIBYTE = 1024 * 1024;
const PARTS = ['hostile', 'peer', 'starts', 'answers', 'floods', 'ends'];
const SOURCES = PARTS.map((part) => `test/hostile/native/${part}.c`);
const range = (count) => Array.from({ length: count }, (_, i) => i);
const residentBytes = () =>
  1024 * Number(/^VmRSS:\s*(\d+) kB/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);
const ended = (worker) =>
  worker.state === 'ready' ? new Promise((resolve) => worker.once('exit', resolve)) : undefined;
/** Whatever a peer claims, the host takes no more than this for it. */
const MOST_BYTES = 48 * MEBIBYTE;

for (const transport of TRANSPORTS) {
  describe(`a hostile program in C over ${transport}`, () => {
    let executable;
    let bytesBefore;

    before(async function () {
      this.timeout(120_000);
      executable = await buildWorker(SOURCES);
    });
    const startHostile = besideGoodWorker();

    beforeEach(() => (bytesBefore = residentBytes()));
    afterEach(() => {
      const grown = residentBytes() - bytesBefore;
      assert.ok(grown < MOST_BYTES, `the host grew by ${grown} bytes`);
    });

    const startAs = (behaviour, options) =>
      startHostile('native', behaviour, {
        ...{ driver: 'native', script: executable, execPath: undefined, execArgv: undefined },
        ...{ transport, argv: [behaviour], ...options },
      });
    /** The first request is answered, or begins it all. */
    const begin = async (behaviour, options) => {
      const worker = await startAs(behaviour, options);
      worker.on('pipe', (pipe) => pipe.on('error', () => {}));
      return worker;
    };

    describeStart(startAs);
    describeAnswers(begin);
    describeFloods(begin);
    describeEnds(begin, transport);
  });
}

function describeStart(start) {
  it('that exits at any stage of its start is a WorkerStartError with its code (P4)', async () => {
    for (const stage of range(5)) {
      const expected = { code: 'ERR_HAWSER_START', exitCode: 40 + stage };
      await assert.rejects(start(`exitAtStage:${stage}`), expected);
    }
  });

  it('that stays silent from any stage on ends with the startup timeout (W1)', async () => {
    const options = { timeout: { startup: 100 } };
    const starts = range(5).map((stage) => start(`stayAtStage:${stage}`, options));
    const expected = { code: 'ERR_HAWSER_TIMEOUT', phase: 'startup' };
    await Promise.all(starts.map((starting) => assert.rejects(starting, expected)));
  });

  it('whose METHODS lie about their size rejects with rule P9.5 (W16)', async () => {
    for (const lie of range(6)) await assertStartBreach(start(`methodsLie:${lie}`), 'P9.5');
  });

  it('whose ERROR in place of READY lies about its size is a WorkerStartError (W17)', async () => {
    await assert.rejects(start('startErrorLies'), (error) => {
      assert.equal(error.code, 'ERR_HAWSER_START');
      assert.equal(error.cause.code, 'ERR_HAWSER_PROTOCOL');
      return true;
    });
  });
}

function describeAnswers(start) {
  const rejectsAlone = async (behaviour, code) => {
    const worker = await start(behaviour);
    await assert.rejects(worker.send('ask', 1), { code });
    assert.equal(await worker.send('ask', 2), 'done');
    assert.equal(worker.state, 'ready');
    assert.deepEqual(worker.seen.errors, []);
  };

  it('whose MessagePack lies about its size, or is none, fails its own call alone (W16)', async () => {
    for (const lie of range(17)) await rejectsAlone(`msgpackLies:${lie}`, 'ERR_HAWSER_PROTOCOL');
  });

  it('whose MessagePack is a tower of claims, or too deep, fails its own call alone (W16)', async () => {
    for (const behaviour of ['msgpackClaims', 'msgpackDeep:0x91', 'msgpackDeep:0x81'])
      await rejectsAlone(behaviour, 'ERR_HAWSER_PROTOCOL');
  });

  it('whose answer has a codec that was not agreed on fails its own call alone (W16)', async () => {
    for (const codec of [1, 4, 6, 7])
      await rejectsAlone(`otherCodec:${codec}`, 'ERR_HAWSER_PROTOCOL');
  });

  it('whose ERROR lies about its size fails its own call alone (W17)', async () => {
    for (const lie of range(6)) await rejectsAlone(`errorLies:${lie}`, 'ERR_HAWSER_PROTOCOL');
  });

  for (const [length, rule] of [
    [0xffffffff, 'P2.3'],
    [16 * MEBIBYTE, 'P5.2'],
  ]) {
    it(`whose answer claims ${length} bytes ends with rule ${rule} (W3)`, async () => {
      const worker = await start(`frameLies:${length}`);
      await assertBreach(worker, [worker.send('ask')], rule);
    });
  }
}

function describeFloods(start) {
  const BREACHES = [
    ['answers to no call', 'floodAnswers', 'P4.4', 'W8'],
    ['progress of no call', 'floodProgress', 'P4.18', 'W8'],
    ['streams that it opens again and again', 'floodOpens', 'P11.2', 'W9'],
    ['PINGs', 'floodPings', 'P6.4', 'W13'],
    ['credit that grants nothing', 'floodCredits', 'P5.4', 'W12'],
    ['data past its credit', 'floodData', 'P5.2', 'W11'],
  ];
  for (const [what, behaviour, rule, row] of BREACHES) {
    it(`that floods the host with ${what} ends with rule ${rule} (${row})`, async () => {
      const worker = await start(behaviour);
      assert.equal(await worker.send('ask'), 'done');
      await ended(worker);
      await assertBreach(worker, [], rule, 0);
    });
  }

  it('that emits for ever, within its credit, lets others be answered and ends when told (S7)', async () => {
    const worker = await start('floodEvents');
    const neighbour = await start('serves');
    let bytes = 0;
    worker.events.on('flood', (body) => (bytes += body.length));
    await worker.send('ask');
    for (const i of range(200)) assert.equal(await neighbour.send('ask', i), 'done');
    await until(() => bytes > 64 * MEBIBYTE);
    await worker.terminate();
    assert.equal(worker.state, 'closed');
  });

  it('that makes progress for ever does not put off the deadline of its call (S7)', async () => {
    const worker = await start('floodLegalProgress');
    const neighbour = await start('serves');
    let bytes = 0;
    const onProgress = (body) => (bytes += body.length);
    const call = worker.send('ask', 1, { onProgress, timeout: 300 });
    const late = assert.rejects(call, { code: 'ERR_HAWSER_TIMEOUT', phase: 'run' });
    for (const i of range(50)) assert.equal(await neighbour.send('ask', i), 'done');
    await late;
    assert.ok(bytes > 0);
    await worker.terminate();
  });
}

function describeEnds(start, transport) {
  it('that is killed in the midst of an answer has crashed, and has broken no rule (S8)', async () => {
    const worker = await start('killedInAnswer:400000');
    const calls = [worker.send('ask', 1), worker.send('ask', 2)];
    for (const { reason } of await Promise.allSettled(calls)) {
      assert.equal(reason.code, 'ERR_HAWSER_CRASHED');
      assert.deepEqual({ ...reason.reason }, { type: 'exit', code: null, signal: 'SIGKILL' });
    }
    assert.deepEqual(worker.seen.errors, []);
  });

  it('that no longer moves leaves calls to their deadlines, and can be ended, or shut down (S9)', async () => {
    const behaviours = ['stopped', 'stoppedInAnswer:400000', 'neverAnswers'];
    const workers = await Promise.all(behaviours.map((behaviour) => start(behaviour)));
    const calls = workers.flatMap((worker) =>
      [1, 2, 3].map((n) => worker.send('ask', n, { timeout: 50 })),
    );
    for (const { reason } of await Promise.allSettled(calls))
      assert.equal(reason.code, 'ERR_HAWSER_TIMEOUT');
    assert.ok(workers.every(({ state }) => state === 'ready'));
    const [deaf, ...others] = workers.reverse();
    await Promise.all([
      deaf.shutdown({ timeout: 50 }),
      ...others.map((worker) => worker.terminate()),
    ]);
    assert.ok(workers.every(({ state, pid }) => state === 'closed' && pid === undefined));
  });

  it('that closes its socket, or shuts it down, and runs on has crashed (W6)', async () => {
    const workers = await Promise.all([0, 1].map((how) => start(`closesSocket:${how}`)));
    const calls = workers.map((worker) => worker.send('ask'));
    for (const { reason } of await Promise.allSettled(calls))
      assert.equal(reason.code, 'ERR_HAWSER_CRASHED');
    for (const worker of workers) {
      assert.equal(worker.seen.exits, 1);
      assert.equal(worker.pid, undefined);
    }
  });

  if (transport === 'shm') describeRings(start);
}

function describeRings(start) {
  it('that rings without a pause, from a thread of its own, is answered, and so are others (S7)', async () => {
    const worker = await start('floodDoorbells', { spin: 0 });
    const neighbour = await start('serves');
    for (const i of range(50)) {
      assert.equal(await worker.send('ask', i), 'done');
      assert.equal(await neighbour.send('ask', i), 'done');
    }
    assert.equal(worker.state, 'ready');
  });

  for (const behaviour of ['garbageInPage', 'tailMoves', 'dataChanges']) {
    it(`that writes while the host reads, from a thread of its own, ends: ${behaviour} (S3)`, async () => {
      const worker = await start(behaviour);
      await worker.send('ask').catch(({ code }) => assert.match(code, /CRASHED|PROTOCOL/));
      await ended(worker);
      const [error] = worker.seen.errors;
      assert.equal(error.code, 'ERR_HAWSER_PROTOCOL');
      assert.match(error.rule, /^P\d+\.\d+$/);
      assert.equal(worker.seen.errors.length, 1);
      assert.equal(worker.seen.exits, 1);
    });
  }
}
