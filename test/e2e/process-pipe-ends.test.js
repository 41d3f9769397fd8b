'use strict';

const assert = require('node:assert/strict');
const { execFile, spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { Readable, Writable } = require('node:stream');
const { text } = require('node:stream/consumers');
const { finished, pipeline } = require('node:stream/promises');
const { promisify } = require('node:util');
const { WorkerCrashedError, WorkerStartError } = require('hawser');
const { ProcessPipeAdapter } = require('hawser/pipes');
const { execPath } = require('./started');
const { hostStarter, isGone, isRunning } = require('./processes');

const MEBIBYTE = 1024 * 1024;
const SPARE = 16 * MEBIBYTE;
const MARKS = 2 * 256 * 1024;

const adapterOf = (script) => new ProcessPipeAdapter('sh', ['-c', script]);
const open = (script, options) => adapterOf(script).createDuplex(options);

/** Everything that can be read, and the error, if any, behind it. */
async function drain(pipe) {
  const read = [];
  try {
    for await (const chunk of pipe) read.push(chunk);
  } catch (error) {
    return { read: read.join(''), error };
  }
  return { read: read.join(''), error: null };
}

describe('the exit of the program of a ProcessPipeAdapter', () => {
  it('with a code other than 0 is an error that names it, behind all of the output', async () => {
    const pipe = open('seq 1 100000; echo why >&2; exit 3');
    pipe.end();
    const { read, error } = await drain(pipe);
    assert.ok(read.endsWith('\n99999\n100000\n'), read.slice(-20));
    assert.ok(error instanceof WorkerCrashedError);
    assert.equal(error.message, "Worker process 'sh' ended with exit code 3");
    assert.deepEqual(error.reason, { type: 'exit', code: 3, signal: null });
    const { code, exitCode, signal, stderrTail } = error;
    assert.deepEqual(
      [code, exitCode, signal, stderrTail],
      ['ERR_HAWSER_CRASHED', 3, null, 'why\n'],
    );
  });

  it('by a signal is an error that names it (P1)', async () => {
    const pipe = open('echo before; kill -KILL $$');
    const { read, error } = await drain(pipe);
    assert.equal(read, 'before\n');
    assert.deepEqual(error.reason, { type: 'exit', code: null, signal: 'SIGKILL' });
    assert.equal(error.signal, 'SIGKILL');
  });

  it('is told to who reads late, with the output before it', async () => {
    const adapter = adapterOf('echo late; exit 1');
    const pipe = adapter.createDuplex();
    const failed = once(pipe, 'error');
    await once(adapter.process, 'close');
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    assert.equal(pipe.destroyed, false);
    assert.equal(String(pipe.read()), 'late\n');
    const [error] = await failed;
    assert.equal(error.exitCode, 1);
  });

  it('is known of a child that had ended when it was handed over', async () => {
    const child = spawn('sh', ['-c', 'exit 3']);
    await once(child, 'close');
    const { error } = await drain(new ProcessPipeAdapter(child).createDuplex());
    assert.equal(error.exitCode, 3);
  });

  it('keeps the last 4 KiB of stderr', async () => {
    const pipe = open('seq 1 5000 >&2; exit 1');
    const { error } = await drain(pipe);
    assert.ok(error.stderrTail.endsWith('4999\n5000\n'));
    assert.equal(error.stderrTail.length, 4096);
  });

  it('leaves stderr where the option stdio says, and has no tail then', async () => {
    const stdio = ['pipe', 'pipe', 'ignore'];
    const adapter = new ProcessPipeAdapter('sh', ['-c', 'echo x >&2; exit 1'], { stdio });
    assert.equal(adapter.process.stderr, null);
    const { error } = await drain(adapter.createDuplex());
    assert.equal(error.stderrTail, undefined);
  });

  it('waits for the output of a process that it left behind', async () => {
    const pipe = open('exec 3<&0; (read line <&3; echo behind $line) & exit 0');
    pipe.end('all\n');
    assert.deepEqual(await drain(pipe), { read: 'behind all\n', error: null });
  });

  it('by the abort of a signal of its own has that as cause', async () => {
    const aborter = new AbortController();
    const { signal } = aborter;
    const pipe = new ProcessPipeAdapter('sleep', ['60'], { signal }).createDuplex();
    aborter.abort();
    const { error } = await drain(pipe);
    assert.deepEqual([error.signal, error.cause.name], ['SIGTERM', 'AbortError']);
  });
});

describe('a program of a ProcessPipeAdapter that cannot be started', () => {
  it('is a WorkerStartError of the pipe and of each write, with its cause (P6)', async () => {
    const pipe = new ProcessPipeAdapter('no-such-program').createDuplex();
    const writes = ['a', 'b'].map((word) => new Promise((done) => pipe.write(word, done)));
    const [[error]] = await Promise.all([
      once(pipe, 'error'),
      new Promise((r) => pipe.on('close', r)),
    ]);
    assert.ok(error instanceof WorkerStartError);
    assert.equal(error.cause.code, 'ENOENT');
    assert.equal(await writes[0], error);
    assert.ok((await writes[1]) instanceof Error);
  });

  it('raises nothing where there is no pipe yet, and fails the pipe that comes later', async () => {
    const adapter = new ProcessPipeAdapter('no-such-program');
    await new Promise(setImmediate);
    const { error } = await drain(adapter.createDuplex());
    assert.equal(error.cause.code, 'ENOENT');
  });

  it('is told where it was handed over', async () => {
    const child = spawn('no-such-program');
    const { error } = await drain(new ProcessPipeAdapter(child).createDuplex());
    assert.ok(error instanceof WorkerStartError);
  });

  it('names a cwd that does not exist', async () => {
    const options = { cwd: path.join(__dirname, 'no-such-folder') };
    const { error } = await drain(new ProcessPipeAdapter('cat', [], options).createDuplex());
    assert.match(error.message, /its cwd .*no-such-folder does not exist/);
  });
});

describe('a program of a ProcessPipeAdapter that does not read all', () => {
  const endless = () =>
    Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(65_536, 'line\n');
      })(),
    );

  it('fails a pipeline with EPIPE, behind its output, where it ends well (F9)', async () => {
    const read = [];
    const sink = new Writable({
      write(chunk, _encoding, callback) {
        read.push(chunk);
        callback();
      },
    });
    const head = new ProcessPipeAdapter('head', ['-1']).createDuplex();
    await assert.rejects(pipeline(endless(), head, sink), { code: 'EPIPE', syscall: 'write' });
    assert.equal(read.join(''), 'line\n');
  });

  it('is no fault where what was written fits into the pipe of the system (F9)', async () => {
    const pipe = open('read line; echo $line');
    pipe.end('first\nsecond\n');
    assert.deepEqual(await drain(pipe), { read: 'first\n', error: null });
    assert.equal(pipe.errored, null);
  });

  it('fails the pipe with its exit where that was no success (F9)', async () => {
    const pipe = open('read line; echo $line; exit 4');
    const source = endless();
    source.pipe(pipe);
    const { read, error } = await drain(pipe);
    assert.equal(read, 'line\n');
    assert.equal(error.exitCode, 4);
    source.destroy();
  });

  it('goes on to be read when it has closed its stdin (F9)', async () => {
    const pipe = open('exec 0<&-; echo closed; read_on=1; seq 1 3');
    const source = endless();
    source.pipe(pipe);
    const { read, error } = await drain(pipe);
    assert.equal(read, 'closed\n1\n2\n3\n');
    assert.equal(error.code, 'EPIPE');
    source.destroy();
  });

  it('fails a writer also where nobody reads its output (F9)', async () => {
    const pipe = open('echo unread; exit 5');
    await assert.rejects(pipeline(endless(), pipe), { exitCode: 5 });
  });

  it('fails the write that it did not take with the same error (F9)', async () => {
    const pipe = open('exit 6');
    const write = new Promise((done) => pipe.write(Buffer.alloc(4 * MEBIBYTE), done));
    const { error } = await drain(pipe);
    assert.equal(error.exitCode, 6);
    assert.equal(await write, error);
  });
});

describe('destroy() of the pipe of a ProcessPipeAdapter', () => {
  it('kills the program, and closes when it is gone', async () => {
    const adapter = new ProcessPipeAdapter('sleep', ['60']);
    const pipe = adapter.createDuplex();
    await once(pipe.destroy(), 'close');
    assert.equal(adapter.process.signalCode, 'SIGTERM');
    assert.equal(isRunning(adapter.process.pid), false);
  });

  it('passes its error on', async () => {
    const pipe = open('exec sleep 60');
    const mine = new RangeError('mine');
    const [error] = await Promise.all([once(pipe, 'error'), pipe.destroy(mine)]);
    assert.equal(error[0], mine);
    await finished(pipe).catch(() => {});
  });

  it('kills by SIGKILL a program that heeds nothing else', async () => {
    const adapter = adapterOf("trap '' TERM; echo ready; while :; do sleep 0.05; done");
    const pipe = adapter.createDuplex();
    await once(pipe, 'data');
    await once(pipe.destroy(), 'close');
    assert.equal(adapter.process.signalCode, 'SIGKILL');
  });

  it('begins with the killSignal that spawn was told', async () => {
    const options = { killSignal: 'SIGINT' };
    const adapter = new ProcessPipeAdapter('sleep', ['60'], options);
    await once(adapter.createDuplex().destroy(), 'close');
    assert.equal(adapter.process.signalCode, 'SIGINT');
  });

  it('kills a child that was handed over, too', async () => {
    const child = spawn('sleep', ['60']);
    await once(new ProcessPipeAdapter(child).createDuplex().destroy(), 'close');
    assert.equal(child.signalCode, 'SIGTERM');
  });

  it('fails the writes that wait', async () => {
    const pipe = open('exec sleep 60');
    const write = new Promise((done) => pipe.write(Buffer.alloc(4 * MEBIBYTE), done));
    pipe.destroy();
    assert.ok((await write) instanceof Error);
  });

  it('comes with the abort of the signal in the options', async () => {
    const aborter = new AbortController();
    const adapter = new ProcessPipeAdapter('sleep', ['60']);
    const pipe = adapter.createDuplex({ signal: aborter.signal });
    aborter.abort();
    const [error] = await once(pipe, 'error');
    assert.equal(error.name, 'AbortError');
    await isGone(adapter.process.pid);
  });

  it('comes at once where that signal was aborted before', async () => {
    const adapter = new ProcessPipeAdapter('sleep', ['60']);
    const pipe = adapter.createDuplex({ signal: AbortSignal.abort() });
    assert.ok(pipe.destroyed);
    await once(pipe, 'error');
    await isGone(adapter.process.pid);
  });

  it('comes with the end of a loop that is left', async () => {
    const adapter = new ProcessPipeAdapter('yes');
    for await (const chunk of adapter.createDuplex()) {
      assert.match(String(chunk.subarray(0, 4)), /^y\ny\n$/);
      break;
    }
    await isGone(adapter.process.pid);
  });

  it('comes where somebody else destroys the stdout of the child: close without end', async () => {
    const adapter = new ProcessPipeAdapter('cat');
    const pipe = adapter.createDuplex();
    adapter.process.stdout.destroy();
    await assert.rejects(text(pipe), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
  });
});

describe('a host with a ProcessPipeAdapter', () => {
  const startHost = hostStarter();

  it('exits by itself when its program is gone', async () => {
    const { exit } = startHost('has-a-program.js');
    const { code, signal, stderr } = await exit;
    assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' });
  });

  for (const [kind, megabytes] of [
    ['bytes', 200],
    ['objects', 50],
  ]) {
    it(`grows by the marks at most, and all comes back in order: ${megabytes} MiB of ${kind} (R3)`, async () => {
      const host = path.join(__dirname, 'hosts', 'pumps.js');
      const flags = ['--expose-gc', '--max-semi-space-size=1'];
      const { stdout } = await promisify(execFile)(execPath, [
        ...flags,
        host,
        String(megabytes),
        kind,
      ]);
      const { growth, same, count } = JSON.parse(stdout);
      const size = kind === 'bytes' ? 1 : 1000;
      assert.equal(count, Math.ceil((megabytes * MEBIBYTE) / size));
      assert.ok(same);
      assert.ok(growth <= MARKS * (kind === 'bytes' ? 1 : 8) + SPARE, `it grew by ${growth} bytes`);
    });
  }
});
