'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { createWorker } = require('hawser');
const { heldAtRest, releases } = require('./processes');
const { execPath, fixture, scratch } = require('./started');

// Waiting for it would be seen.
const LONG = { timeout: { startup: 600_000 } };
const SHORT = { timeout: { startup: 400 } };

const refusal = (script, options) =>
  createWorker(script, { execPath, ...options }).then(
    () => assert.fail('the worker started'),
    (error) => error,
  );

describe('createWorker', () => {
  let heldBefore;
  before(async () => {
    // What the first worker of a process leaves for the next: not a leak.
    const worker = await createWorker(fixture('verbs.js'), { execPath });
    await worker.shutdown();
  });
  beforeEach(async () => (heldBefore = await heldAtRest()));
  afterEach(() => releases(heldBefore));

  const write = scratch();

  function assertStartError(error, { exitCode, signal, tail, cause, message }) {
    assert.equal(error.name, 'WorkerStartError', error.stack);
    assert.equal(error.code, 'ERR_HAWSER_START');
    assert.equal(error.exitCode, exitCode);
    assert.equal(error.signal, signal);
    assert.match(error.message, /Worker/);
    if (message) assert.match(error.message, message);
    if (tail) assert.match(error.stderrTail, tail);
    if (cause) assert.equal(error.cause.name, cause);
  }

  describe('rejects at once, with exit code and stderr, when the script', () => {
    it('is missing (P6)', async () => {
      const error = await refusal(fixture('missing.js'), LONG);
      const missing = /Cannot find module/;
      assertStartError(error, { exitCode: 1, tail: missing, message: missing });
      assert.equal(error.cause.code, 'MODULE_NOT_FOUND');
    });

    it('is missing and would be an ES module (P6)', async () => {
      const error = await refusal(fixture('missing.mjs'), LONG);
      assertStartError(error, { exitCode: 1, message: /missing\.mjs/ });
      assert.equal(error.cause.code, 'ERR_MODULE_NOT_FOUND');
    });

    for (const name of ['broken.js', 'broken.mjs', 'broken.cjs']) {
      it(`has a syntax error, ${name} (P6)`, async () => {
        const folder = write({ [name]: 'const = 1;\n' });
        const error = await refusal(path.join(folder, name), LONG);
        assertStartError(error, { exitCode: 1, cause: 'SyntaxError', tail: /SyntaxError/ });
      });
    }

    it('throws (P6)', async () => {
      const error = await refusal(fixture('throws-at-import.js'), LONG);
      const text = /no such table/;
      assertStartError(error, { exitCode: 1, cause: 'RangeError', message: text, tail: text });
      assert.ok(error.cause instanceof RangeError);
    });

    it('requires a missing module (P6)', async () => {
      const error = await refusal(fixture('requires-missing.js'), LONG);
      const missing = /nowhere-to-be-found/;
      assertStartError(error, { exitCode: 1, message: missing, tail: missing });
      assert.equal(error.cause.code, 'MODULE_NOT_FOUND');
    });

    it('exits, whose code it tells', async () => {
      const error = await refusal(fixture('exits-at-import.js'), LONG);
      assertStartError(error, { exitCode: 9, tail: /giving up/, message: /exit code 9/ });
    });

    it('is killed, whose signal it tells', async () => {
      const error = await refusal(fixture('killed-at-import.js'), LONG);
      assertStartError(error, { signal: 'SIGKILL', message: /SIGKILL/ });
    });

    for (const hook of ['throws', 'rejects']) {
      it(`has an onStart that ${hook}`, async () => {
        const error = await refusal(fixture('hooks.js'), { ...LONG, workerData: hook });
        assertStartError(error, { exitCode: 1, cause: 'RangeError', message: /no such table/ });
      });
    }

    it('has an onStart that exits', async () => {
      const error = await refusal(fixture('hooks.js'), { ...LONG, workerData: 'exits' });
      assertStartError(error, { exitCode: 9 });
    });

    it("cannot be told on stderr, with stdio 'inherit'", async () => {
      const quiet = ['--require', fixture('quiet.js')];
      const options = { ...LONG, stdio: 'inherit', execArgv: quiet };
      const error = await refusal(fixture('throws-at-import.js'), options);
      assertStartError(error, { exitCode: 1, cause: 'RangeError', message: /no such table/ });
      assert.equal(error.stderrTail, undefined);
    });
  });

  describe('rejects at once when the process', () => {
    it('exits before its handshake (P6)', async () => {
      const error = await refusal(fixture('verbs.js'), {
        ...LONG,
        stdio: 'ignore',
        execArgv: ['--version'],
      });
      assertStartError(error, { exitCode: 0, message: /exit code 0/ });
    });

    it('does not know an option of execArgv, which stderr tells (P6)', async () => {
      const error = await refusal(fixture('verbs.js'), { ...LONG, execArgv: ['--no-such-flag'] });
      assertStartError(error, { exitCode: 9, tail: /--no-such-flag/ });
    });

    it('has lost its connection before the handshake (P7)', async () => {
      const execArgv = ['--require', fixture('closes-connection.js')];
      const error = await refusal(fixture('verbs.js'), { ...LONG, execArgv });
      assert.equal(error.name, 'WorkerStartError');
      assert.match(error.stderrTail, /hawser: no connection to the host/);
    });

    it('has an execPath that does not exist (P6)', async () => {
      const missing = path.join(__dirname, 'no-such-node');
      const error = await refusal(fixture('verbs.js'), { ...LONG, execPath: missing });
      assertStartError(error, { message: /no-such-node/ });
      assert.equal(error.cause.code, 'ENOENT');
    });

    it('has an execPath that cannot be run (P6)', async () => {
      const error = await refusal(fixture('verbs.js'), { ...LONG, execPath: __filename });
      assertStartError(error, { message: /lifecycle-start/ });
      assert.equal(error.cause.code, 'EACCES');
    });

    it('has a cwd that does not exist, which the message names', async () => {
      const cwd = path.join(__dirname, 'no-such-folder');
      const error = await refusal(fixture('verbs.js'), { ...LONG, cwd });
      assertStartError(error, { message: /cwd.*no-such-folder/ });
    });

    it('cannot be given its arguments', async () => {
      const error = await refusal(fixture('verbs.js'), { ...LONG, argv: ['a\0b'] });
      assertStartError(error, { message: /null bytes/ });
    });

    it('is aborted before it starts, with the reason of the signal', async () => {
      const reason = new Error('not wanted');
      const signal = AbortSignal.abort(reason);
      assert.equal(await refusal(fixture('verbs.js'), { ...LONG, signal }), reason);
    });

    it('is aborted while it starts, with the reason of the signal', async () => {
      const reason = new Error('not wanted any more');
      const controller = new AbortController();
      const options = { ...LONG, signal: controller.signal };
      const refused = refusal(fixture('import-never-ends.mjs'), options);
      setImmediate(() => controller.abort(reason));
      assert.equal(await refused, reason);
    });

    it('is sent workerData that cannot travel', async () => {
      const error = await refusal(fixture('verbs.js'), { ...LONG, workerData: { a: [() => {}] } });
      assert.equal(error.code, 'ERR_HAWSER_SERIALIZE');
      assert.equal(error.path, 'workerData.a[0]');
    });
  });

  describe('rejects with TimeoutError in the phase startup when', () => {
    const assertTimeout = (error) => {
      assert.equal(error.name, 'TimeoutError', error.stack);
      assert.equal(error.code, 'ERR_HAWSER_TIMEOUT');
      assert.equal(error.phase, 'startup');
      assert.equal(error.timeout, 400);
      assert.match(error.message, /timeout/);
    };

    it('the import never ends (P6)', async () => {
      assertTimeout(await refusal(fixture('import-never-ends.mjs'), SHORT));
    });

    it('onStart never ends', async () => {
      assertTimeout(await refusal(fixture('hooks.js'), { ...SHORT, workerData: 'neverEnds' }));
    });

    it('the process says nothing, for it is no worker', async () => {
      const folder = write({ 'idle.js': 'setInterval(() => {}, 1000);\n' });
      const execArgv = ['--require', path.join(folder, 'idle.js'), '--eval', '0'];
      assertTimeout(await refusal(fixture('verbs.js'), { ...SHORT, execArgv }));
    });

    it('the alias WORKER_STARTUP gave the time', async () => {
      const options = { timeout: { WORKER_STARTUP: 400 } };
      assertTimeout(await refusal(fixture('import-never-ends.mjs'), options));
    });
  });

  it('starts a worker whose script prints before its handshake (P7)', async () => {
    const worker = await createWorker(fixture('prints-first.js'), { execPath, stdio: 'ignore' });
    assert.equal(await worker.send('echo', 1), 1);
    await worker.shutdown();
  });

  it('starts many workers at once, each of its own', async () => {
    const starts = Array.from({ length: 4 }, (_, i) =>
      createWorker(fixture('verbs.js'), { execPath, workerData: i }),
    );
    const workers = await Promise.all(starts);
    assert.equal(new Set(workers.map((worker) => worker.pid)).size, 4);
    const about = await Promise.all(workers.map((worker) => worker.send('about')));
    assert.deepEqual(
      about.map(({ workerData }) => workerData),
      [0, 1, 2, 3],
    );
    await Promise.all(workers.map((worker) => worker.shutdown()));
  });
});
