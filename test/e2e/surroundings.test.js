'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { hostStarter, heldAtRest, isGone, isRunning, releases } = require('./processes');
const { starter } = require('./started');

const MEBIBYTE = 1024 * 1024;
const itOnLinux = process.platform === 'linux' ? it : it.skip; // looks into /proc

const SMALL_HEAP = { execArgv: ['--max-old-space-size=24'], stdio: 'pipe' };

/** Runs a command on the first core that this process may use. */
function onOneCore() {
  if (process.platform !== 'linux') return [];
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  return ['taskset', '-c', /Cpus_allowed_list:\s*(\d+)/.exec(status)[1]];
}

const crashOf = (signal, tail) => (error) => {
  assert.equal(error.code, 'ERR_HAWSER_CRASHED', error.stack);
  assert.equal(error.reason.signal, signal);
  assert.match(error.stderrTail, tail);
  return true;
};

describe('a worker and what is around it', () => {
  const start = starter();
  const startHost = hostStarter();
  const startOnOneCore = hostStarter(onOneCore());

  it('ends with the thread that started it, and with no other (P5)', async () => {
    const host = startHost('one-thread-ends.js');
    const [first, second] = await host.next();
    await isGone(first);
    assert.equal(isRunning(second), true);
    host.child.stdin.write('go on');
    assert.equal(await host.next(), 'still there');
    const { code, stderr } = await host.exit;
    assert.deepEqual([code, stderr], [0, '']);
    await isGone(second);
  });

  itOnLinux('leaves nothing of its connection to the processes that it starts (P13)', async () => {
    const before = openIn('self'); // whoever started us may have left something open, too
    const worker = await start('leaves-a-child.js', { stdio: 'ignore' });
    const child = await worker.send('spawn');
    try {
      const connection = openIn(worker.pid)
        .filter((name) => /socket:|pipe:|memfd:/.test(name))
        .filter((name) => !before.includes(name));
      assert.ok(connection.length > 0);
      const inherited = openIn(child).filter((name) => connection.includes(name));
      assert.deepEqual(inherited, []);
      process.kill(worker.pid, 'SIGKILL');
      await assert.rejects(worker.send('spawn'), { code: 'ERR_HAWSER_CRASHED' });
    } finally {
      process.kill(child, 'SIGKILL');
    }
  });

  it('that eats all of its heap has crashed of that (P15)', async () => {
    const worker = await start('greedy.js', SMALL_HEAP);
    await assert.rejects(worker.send('eat'), crashOf('SIGABRT', /heap/));
  });

  it('whose heap is too small for a message has crashed of that, in V8 (R6)', async () => {
    const worker = await start('greedy.js', SMALL_HEAP);
    const rows = Array.from({ length: 1000 }, (_, id) => ({ id, text: `row ${id}`, list: [id] }));
    const large = Array.from({ length: 400 }, () => structuredClone(rows));
    await assert.rejects(worker.send('hold', large), crashOf('SIGABRT', /heap/));
  });

  it('keeps its deadlines and the calls of others when the clock of the system jumps (P16)', async () => {
    const worker = await start();
    const { now } = Date;
    const open = worker.send('never', null, { timeout: 3_600_000 });
    let settled = false;
    open.catch(() => (settled = true));
    try {
      for (const jump of [7_200_000, -7_200_000]) {
        Date.now = () => now() + jump;
        assert.equal(await worker.send('echo', jump, { timeout: 60_000 }), jump);
        await assert.rejects(worker.send('never', null, { timeout: 5 }), {
          code: 'ERR_HAWSER_TIMEOUT',
        });
      }
    } finally {
      Date.now = now;
    }
    assert.equal(settled, false);
  });

  it('waits as long as either event loop is blocked, and loses nothing (R7)', async () => {
    const worker = await start('verbs.js', { highWaterMark: { bytes: MEBIBYTE } });
    const blocked = worker.send('blockFor', 1200);
    const calls = Array.from({ length: 200 }, (_, i) => worker.send('echo', 'x'.repeat(100 * i)));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1200);
    assert.equal(await blocked, 1200);
    const answers = await Promise.all(calls);
    assert.deepEqual(answers.map(({ length }) => length), calls.map((_, i) => 100 * i)); // prettier-ignore
    assert.equal(worker.isActive, true);
  });

  it('started and ended forty times leaves nothing in the host (R5)', async () => {
    const round = async () => {
      const workers = await Promise.all(Array.from({ length: 5 }, () => start()));
      await Promise.all(workers.map((worker) => worker.send('echo', Buffer.alloc(100_000))));
      await Promise.all(
        workers.map((worker, i) => (i % 2 ? worker.shutdown() : worker.terminate())),
      );
    };
    await round();
    const before = await heldAtRest();
    const mapped = mappings();
    for (let i = 0; i < 7; i++) await round();
    await releases(before);
    assert.ok(mappings() <= mapped, 'rings stay mapped');
  });

  itOnLinux('does not wait awake where there is one core (R8)', async () => {
    const host = startOnOneCore('one-core.js');
    assert.deepEqual(await host.next(), { spins: 0, answers: 1000 });
    assert.equal((await host.exit).code, 0);
  });
});

function openIn(pid) {
  const folder = `/proc/${pid}/fd`;
  return fs.readdirSync(folder).flatMap((fd) => {
    try {
      return [fs.readlinkSync(`${folder}/${fd}`)];
    } catch {
      return []; // closed meanwhile
    }
  });
}

/** Rings of hawser in this process; 0 where that cannot be seen. */
function mappings() {
  if (process.platform !== 'linux') return 0;
  return fs.readFileSync('/proc/self/maps', 'utf8').split('memfd:hawser').length - 1;
}
