'use strict';

const assert = require('node:assert/strict');
const { ChildProcess, execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const os = require('node:os');
const path = require('node:path');
const { compose, Duplex, Readable, Transform } = require('node:stream');
const { buffer, text } = require('node:stream/consumers');
const { finished, pipeline } = require('node:stream/promises');
const { UnsupportedError } = require('hawser');
const { ProcessPipeAdapter } = require('hawser/pipes');
const { execPath } = require('./started');
const { heldAtRest, isGone, releases, until } = require('./processes');

const open = (command, args, options, pipeOptions) =>
  new ProcessPipeAdapter(command, args, options).createDuplex(pipeOptions);

describe("'hawser/pipes'", () => {
  it('gives the same by require and by import', async () => {
    const imported = await import('hawser/pipes');
    assert.equal(imported.ProcessPipeAdapter, ProcessPipeAdapter);
    assert.equal(imported.default.ProcessPipeAdapter, ProcessPipeAdapter);
  });
});

describe('ProcessPipeAdapter', () => {
  it('gives a Duplex, named like the program, that carries bytes both ways', async () => {
    const adapter = new ProcessPipeAdapter('cat');
    const pipe = adapter.createDuplex();
    assert.ok(pipe instanceof Duplex && adapter.process instanceof ChildProcess);
    assert.equal(pipe.name, 'cat');
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    pipe.write(bytes.subarray(0, 100));
    pipe.cork();
    pipe.write(bytes.subarray(100, 200));
    pipe.end(bytes.subarray(200));
    pipe.uncork();
    const closed = once(pipe, 'close');
    assert.deepEqual(await buffer(pipe), bytes);
    await closed;
    await isGone(adapter.process.pid);
  });

  it('passes arguments and options on to spawn', async () => {
    const env = { ...process.env, WORD: 'word' };
    const pipe = open('echo $WORD; pwd', [], { cwd: os.tmpdir(), env, shell: true });
    pipe.end();
    assert.equal(await text(pipe), `word\n${execFileSync('pwd', { cwd: os.tmpdir() })}`);
  });

  it('takes a child that was started elsewhere', async () => {
    const child = spawn('cat');
    const adapter = new ProcessPipeAdapter(child);
    assert.equal(adapter.process, child);
    const pipe = adapter.createDuplex();
    assert.equal(pipe.name, 'cat');
    pipe.end('given');
    assert.equal(await text(pipe), 'given');
  });

  it('loses nothing of what a program wrote and ended before there was a pipe', async () => {
    const adapter = new ProcessPipeAdapter('echo', ['early']);
    await once(adapter.process, 'exit');
    await new Promise(setImmediate);
    const pipe = adapter.createDuplex();
    const closed = once(pipe, 'close');
    pipe.end();
    assert.equal(await text(pipe), 'early\n');
    await closed;
  });

  it('goes on in the other direction when one has ended', async () => {
    const pipe = open('sh', ['-c', 'cat >/dev/null; echo after']);
    pipe.end('input');
    await finished(pipe, { readable: false });
    assert.equal(await text(pipe), 'after\n');
  });

  it('emits end, then close, once, when the program is gone', async () => {
    const adapter = new ProcessPipeAdapter('cat');
    const pipe = adapter.createDuplex();
    const events = [];
    for (const name of ['end', 'finish', 'error', 'close'])
      pipe.on(name, () => events.push([name, adapter.process.exitCode]));
    pipe.resume().end('x');
    await once(pipe, 'close');
    await new Promise(setImmediate);
    assert.deepEqual(
      events.filter(([name]) => name !== 'finish'),
      [
        ['end', 0],
        ['close', 0],
      ],
    );
  });

  describe('is a stream to', () => {
    const upper = () => open('tr', ['a-z', 'A-Z']);
    const lines = ['one\n', 'two\n'];

    it('pipeline, Readable.from and for await', async () => {
      let read = '';
      await pipeline(Readable.from(lines), upper(), async (source) => {
        for await (const chunk of source) read += chunk;
      });
      assert.equal(read, 'ONE\nTWO\n');
    });

    it('compose', async () => {
      const dashes = new Transform({
        transform: (chunk, _, callback) => callback(null, `-${chunk}`),
      });
      const whole = compose(dashes, upper());
      whole.end('a');
      assert.equal(await text(whole), '-A');
    });

    it('Duplex.toWeb', async () => {
      const { readable, writable } = Duplex.toWeb(upper());
      const writer = writable.getWriter();
      writer.write(Buffer.from('web')).then(() => writer.close());
      assert.equal(await text(readable), 'WEB');
    });

    it('pipe(), from another pipe', async () => {
      const [first, second] = [upper(), open('rev')];
      first.pipe(second);
      first.end('abc\n');
      assert.equal(await text(second), 'CBA\n');
    });
  });

  it('stops reading when nobody reads, and goes on when somebody does', async () => {
    const adapter = new ProcessPipeAdapter('head', ['-c', '4000000', '/dev/zero']);
    const pipe = adapter.createDuplex();
    pipe.end();
    await until(() => pipe.readableLength >= pipe.readableHighWaterMark, 'the pipe is full');
    assert.ok(adapter.process.stdout.isPaused());
    assert.ok(pipe.readableLength <= 2 * pipe.readableHighWaterMark);
    assert.equal((await buffer(pipe)).length, 4_000_000);
  });

  it('says false, and keeps what the system did not take, to a program that does not read', async () => {
    const pipe = open('sleep', ['60']);
    const moreThanFits = Buffer.alloc(16 * 1024 * 1024);
    let drained = false;
    pipe.on('drain', () => (drained = true));
    assert.equal(pipe.write(moreThanFits), false);
    assert.equal(pipe.write('behind'), false);
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    assert.equal(pipe.writableLength, moreThanFits.length + 'behind'.length);
    assert.equal(drained, false);
    await once(pipe.destroy(), 'close');
  });

  it('never stops a program because nobody reads its stderr', async () => {
    const pipe = open('sh', ['-c', 'head -c 3000000 /dev/zero >&2; echo done']);
    pipe.end();
    assert.equal(await text(pipe), 'done\n');
  });

  it('leaves nothing behind in the process', async () => {
    const through = async () => {
      const pipe = open('cat');
      pipe.end('x');
      await Promise.all([text(pipe), once(pipe, 'close')]);
    };
    await through();
    const before = await heldAtRest();
    const destroyed = Array.from({ length: 5 }, () => open('cat').destroy());
    await Promise.all([through(), ...destroyed.map((pipe) => once(pipe, 'close'))]);
    await releases(before);
  });

  it('lets go of a stderr that a process left behind still holds', async () => {
    const before = await heldAtRest();
    const pipe = open('sh', ['-c', 'sleep 60 >/dev/null & echo $!']);
    pipe.end();
    const [pid] = await Promise.all([text(pipe), once(pipe, 'close')]);
    await releases(before);
    process.kill(Number(pid));
  });
});

describe('new ProcessPipeAdapter refuses', () => {
  const refused = [
    ['no command', [], /^command must be a program or a ChildProcess, got undefined/],
    ['an empty command', [''], /^command must be/],
    ['an object that is no child', [{}], /^command must be/],
    ['arguments that are no array', ['cat', {}], /^args must be an array of strings, got {}/],
    ['options that are no object', ['cat', [], 1], /^options must be an object, got 1/],
    ['null for options', ['cat', [], null], /^options must be an object, got null/],
    ['a pty that is no boolean', ['cat', [], { pty: 1 }], /'pty' must be a boolean, got 1/],
    ['a program without pipes', ['cat', [], { stdio: 'ignore' }], /'stdio' must be one whose/],
    ['a program without stdin', ['cat', [], { stdio: ['ignore'] }], /'stdio' must be one whose/],
    ['a cwd that is none', ['cat', [], { cwd: 1 }], /"options.cwd" property must be/],
  ];
  for (const [what, args, message] of refused) {
    it(`${what}, with a TypeError`, () => {
      assert.throws(() => new ProcessPipeAdapter(...args), { name: 'TypeError', message });
    });
  }

  for (const [at, name] of ['stdin', 'stdout'].entries()) {
    it(`a child without ${name}, with a TypeError`, async () => {
      const stdio = ['pipe', 'pipe', 'pipe'];
      stdio[at] = 'ignore';
      const child = spawn('true', { stdio });
      const message = `the child has no ${name}: start it with stdio 'pipe' there`;
      assert.throws(() => new ProcessPipeAdapter(child), { name: 'TypeError', message });
      await once(child, 'exit');
    });
  }

  it('a child whose stdout gives texts, with a TypeError', async () => {
    const child = spawn('true');
    child.stdout.setEncoding('utf8');
    assert.throws(() => new ProcessPipeAdapter(child), /encoding 'utf8': leave it bytes/);
    await once(child, 'exit');
  });

  it('a terminal where node-pty is not installed, with an UnsupportedError', () => {
    const start = () => new ProcessPipeAdapter('cat', [], { pty: true });
    assert.throws(start, (error) => {
      assert.ok(error instanceof UnsupportedError);
      return /needs the package node-pty/.test(error.message) && error.cause !== undefined;
    });
  });
});

describe('createDuplex of a ProcessPipeAdapter refuses', () => {
  it('a second pipe of the same program, with a TypeError', async () => {
    const adapter = new ProcessPipeAdapter('cat');
    const pipe = adapter.createDuplex();
    const refusal = { name: 'TypeError', message: "the stdio of 'cat' has its pipe already" };
    assert.throws(() => adapter.createDuplex(), refusal);
    assert.throws(() => new ProcessPipeAdapter(adapter.process), refusal);
    pipe.end('still good');
    assert.equal(await text(pipe), 'still good');
  });

  it('options that are wrong, and is ready for right ones', async () => {
    const adapter = new ProcessPipeAdapter('cat');
    for (const [options, name] of [
      [{ objektMode: true }, 'TypeError'],
      [{ objectMode: 1 }, 'TypeError'],
      [{ highWaterMark: 0 }, 'RangeError'],
      [{ objectMode: true, serializer: 'msgpack' }, 'UnsupportedError'],
      [{ objectMode: true, serializer: 'structured' }, 'UnsupportedError'],
      [{ objectMode: true, serializer: 'yaml' }, 'TypeError'],
    ])
      assert.throws(() => adapter.createDuplex(options), { name });
    const pipe = adapter.createDuplex();
    pipe.end('right');
    assert.equal(await text(pipe), 'right');
  });
});

describe('ProcessPipeAdapter with pty, where node-pty is installed', () => {
  const host = path.join(__dirname, 'hosts', 'uses-pty.js');
  const env = { ...process.env, NODE_PATH: path.join(__dirname, 'modules') };
  const run = (input, ...command) =>
    JSON.parse(execFileSync(execPath, [host, ...command], { env, input, timeout: 15_000 }));

  it('passes options on and carries bytes both ways', () => {
    assert.deepEqual(run('line\n', 'cat'), { output: '70 columns\nline\n' });
  });

  it('ends the input also within a line, by a second Ctrl-D', () => {
    assert.deepEqual(run('no newline', 'cat'), { output: '70 columns\nno newline' });
  });

  it('fails with the exit code or the signal of the program', () => {
    const { name, exitCode } = run('', 'sh', '-c', 'cat; exit 3');
    assert.deepEqual([name, exitCode], ['WorkerCrashedError', 3]);
    const { name: again, signal } = run('', 'sh', '-c', 'kill -KILL $$');
    assert.deepEqual([again, signal], ['WorkerCrashedError', 'SIGKILL']);
  });

  it('fails with a WorkerStartError where there is no such program', () => {
    const { name, message } = run('', 'no-such-program');
    assert.equal(name, 'WorkerStartError');
    assert.match(message, /File not found/);
  });
});

for (const [name, said] of [
  ['external-sort', '1,000,000 lines came back in order\n'],
  ['external-filter', '25000 errors of 100000 entries\nno fatal ones\n'],
]) {
  describe(`examples/${name}`, () => {
    it('says what it found to be right', () => {
      const file = path.join(__dirname, '../../examples', name, 'index.js');
      assert.equal(execFileSync(execPath, [file], { encoding: 'utf8' }), said);
    });
  });
}
