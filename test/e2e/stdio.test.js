'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { text } = require('node:stream/consumers');
const { hostStarter } = require('./processes');
const { execPath, starter } = require('./started');

const OUT = 'out, at import\nout, later\n';
const ERR = 'err, at import\nerr, later\n';
const TAIL_BYTES = 4096;

/** What a host printed, and what it read of its worker. */
function runHost(...args) {
  const script = path.join(__dirname, 'hosts', 'prints.js');
  const options = { encoding: 'utf8', timeout: 15_000 };
  const { status, stdout, stderr } = spawnSync(execPath, [script, ...args], options);
  assert.equal(status, 0, stderr);
  const lines = stdout.trimEnd().split('\n');
  return { read: JSON.parse(lines.pop()), out: lines.map((line) => `${line}\n`).join(''), stderr };
}

describe('the option stdio', () => {
  const start = starter();

  it("by default lets stdout and stderr through to the host's", () => {
    assert.deepEqual(runHost(), { read: [null, null], out: OUT, stderr: ERR });
  });

  it("'inherit' shares them with the host", () => {
    assert.deepEqual(runHost('inherit'), { read: [null, null], out: OUT, stderr: ERR });
  });

  it("'pipe' gives worker.stdout and worker.stderr all of it", () => {
    assert.deepEqual(runHost('pipe'), { read: [OUT, ERR], out: '', stderr: '' });
  });

  it("'pipe' gives what is printed at the end, however much, and shutdown does not need a reader", async () => {
    const bytes = 2_000_000;
    const options = { stdio: 'pipe', workerData: bytes };
    const worker = await start('prints-much.js', options);
    const read = [worker.stdout, worker.stderr].map(text);
    await worker.shutdown();
    for (const all of await Promise.all(read))
      assert.deepEqual([all.length, all.slice(-3)], [bytes + 3, 'end']);
    const unread = await start('prints-much.js', options);
    const exit = once(unread, 'exit');
    await unread.shutdown();
    assert.deepEqual(await exit, [0, null]);
  });

  it("'ignore' drops it", () => {
    assert.deepEqual(runHost('ignore'), { read: [null, null], out: '', stderr: '' });
  });
});

describe('stderrTail', () => {
  const start = starter();
  const text = `begin ${'x'.repeat(10_000)} end\n`;
  const crashOf = (worker, err) =>
    worker.send('printAndThrow', err).then(
      () => assert.fail('it answered'),
      (error) => error,
    );

  it("is the last 4 KiB of what was printed, with 'pipe'", async () => {
    const worker = await start('prints.js', { stdio: 'pipe' });
    worker.stderr.resume();
    const error = await crashOf(worker, text);
    assert.equal(error.stderrTail, text.slice(-TAIL_BYTES));
  });

  it("is the same when nobody reads worker.stderr, with 'pipe'", async () => {
    const worker = await start('prints.js', { stdio: 'pipe' });
    // More than is read before the reader pauses, less than it and a pipe take.
    const error = await crashOf(worker, text.repeat(7));
    assert.equal(error.stderrTail, text.slice(-TAIL_BYTES));
  });

  it('is all of it where it is short, by default', async () => {
    const worker = await start('prints.js');
    const error = await crashOf(worker, 'short\n');
    assert.equal(error.stderrTail, 'err, at import\nshort\n');
  });

  for (const stdio of ['inherit', 'ignore']) {
    it(`is undefined with '${stdio}'`, async () => {
      const worker = await start('prints.js', { stdio });
      assert.equal((await crashOf(worker, '')).stderrTail, undefined);
    });
  }

  it('does not wait for a grandchild that holds stderr', async () => {
    const worker = await start('leaves-a-child.js', { stdio: 'pipe' });
    const child = await worker.send('spawn');
    try {
      const error = await worker.send('exit').catch((reason) => reason);
      assert.equal(error.name, 'WorkerCrashedError');
      assert.equal(error.stderrTail, 'leaving\n');
    } finally {
      process.kill(child, 'SIGKILL');
    }
  });
});

describe('a grandchild that holds stderr', () => {
  const startHost = hostStarter();

  it('does not keep the host alive once the worker has ended', async () => {
    const host = startHost('leaves-a-child.js');
    const exited = once(host.child, 'exit');
    const grandchild = await host.next();
    try {
      assert.deepEqual(await exited, [0, null]);
    } finally {
      process.kill(grandchild, 'SIGKILL');
    }
  });
});
