'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { inspect } = require('node:util');
const { createWorker } = require('hawser');
const { fixture, starter } = require('./started');

const script = fixture('verbs.js');
const RANGE = 'RangeError';
const TYPE = 'TypeError';
const UNSUPPORTED = 'UnsupportedError';
const TIMES = [
  ['5', TYPE, 'a number'],
  [null, TYPE, 'a number'],
  [-1, RANGE, 'from 0 to 2147483647'],
  [NaN, RANGE, 'from 0 to 2147483647'],
  [Infinity, RANGE, 'from 0 to 2147483647'],
  [1.5, RANGE, 'from 0 to 2147483647'],
  [2 ** 31, RANGE, 'from 0 to 2147483647'],
];
const BYTES = TIMES.slice(0, 6).map(([value, name]) => [value, name, '']);

const WRONG = {
  middleware: [
    [5, TYPE, 'a function or an array of functions'],
    [null, TYPE, 'a function or an array of functions'],
    [[() => {}, 'x'], TYPE, 'a function or an array of functions'],
    [
      [(message, direction) => [message, direction]],
      TYPE,
      'functions of one argument, the context',
    ],
  ],
  txIdGenerator: [
    ['x', TYPE, 'a function'],
    [null, TYPE, 'a function'],
  ],
  logger: [
    [null, TYPE, 'an object with debug, info, warn, error'],
    [{ error() {} }, TYPE, 'an object with debug, info, warn, error'],
  ],
  logLevel: [
    ['loud', TYPE, 'one of error, debug, info, warn, silent'],
    [null, TYPE, 'one of'],
  ],
  driver: [
    ['procces', TYPE, 'one of process, thread, native, inline'],
    [null, TYPE, 'one of'],
    ['thread', UNSUPPORTED, 'thread'],
    ['inline', UNSUPPORTED, 'inline'],
  ],
  transport: [
    ['shmem', TYPE, 'one of auto, shm, socket'],
    [null, TYPE, 'one of auto, shm, socket'],
  ],
  stdio: [
    ['pip', TYPE, 'one of inherit, pipe, ignore'],
    [null, TYPE, 'one of inherit, pipe, ignore'],
    [['pipe'], TYPE, 'one of inherit, pipe, ignore'],
  ],
  unexpectedShutdown: [
    [null, TYPE, 'an object'],
    ['retry', TYPE, 'an object'],
    [[], TYPE, 'an object'],
    [{ strategy: 'again' }, TYPE, 'strategy', 'one of retry, reject', 'again'],
    [{ strategy: null }, TYPE, 'strategy', 'one of retry, reject'],
    [{ attempts: '2' }, TYPE, 'attempts', 'a number'],
    [{ attempts: -1 }, RANGE, 'attempts', 'from 0 to 1000'],
    [{ attempts: 1.5 }, RANGE, 'attempts', 'from 0 to 1000'],
    [{ messages: [] }, TYPE, 'messages', 'an object'],
    [{ echo: 'retry' }, TYPE, 'echo', 'an object'],
    [{ messages: { echo: { strategy: 'retry', attempts: NaN } } }, RANGE, 'messages.echo.attempts'],
    [{ echo: { strategie: 'retry' } }, TYPE, 'echo.strategie', 'strategy, attempts'],
  ],
  argv: [
    ['-v', TYPE, 'an array of strings'],
    [null, TYPE, 'an array of strings'],
    [[1], TYPE, 'an array of strings'],
  ],
  execArgv: [
    ['-v', TYPE, 'an array of strings'],
    [{}, TYPE, 'an array of strings'],
  ],
  execPath: [
    [1, TYPE, 'a path'],
    ['', TYPE, 'a path'],
    [null, TYPE, 'a path'],
  ],
  env: [
    ['A=1', TYPE, 'an object'],
    [null, TYPE, 'an object'],
  ],
  cwd: [
    [1, TYPE, 'a path'],
    [null, TYPE, 'a path'],
  ],
  name: [[1, TYPE, 'a string']],
  signal: [
    [{}, TYPE, 'an AbortSignal'],
    [new AbortController(), TYPE, 'an AbortSignal'],
  ],
  serializer: [
    ['jsno', TYPE, 'one of structured, json, msgpack, v8, raw'],
    [null, TYPE, 'a Serializer'],
    [{ serialize() {} }, TYPE, 'a Serializer'],
  ],
  handlers: [
    [1, TYPE, 'an object of functions'],
    [[], TYPE, 'an object of functions'],
  ],
  spin: [
    ['on', TYPE, 'a number'],
    [-1, RANGE, 'from 0'],
    [NaN, RANGE, 'from 0'],
    [1e9, RANGE, 'from 0'],
  ],
  shutdownTimeout: TIMES,
  maxMessageBytes: [...BYTES, [0, RANGE, 'from 1'], [64 * 1024 * 1024 + 1, RANGE, 'to 67108864']],
  highWaterMark: [
    [1, TYPE, 'an object'],
    [null, TYPE, 'an object'],
    [[], TYPE, 'an object'],
    [{ byte: 1 }, TYPE, 'highWaterMark.byte'],
    [{ bytes: '1' }, TYPE, 'highWaterMark.bytes'],
    [{ bytes: 0 }, RANGE, 'highWaterMark.bytes'],
    [{ messages: Infinity }, RANGE, 'highWaterMark.messages'],
  ],
  timeout: [
    ...TIMES.filter(([value]) => typeof value === 'number'),
    ['5', TYPE, 'a number or an object'],
    [null, TYPE, 'a number or an object'],
    [[5], TYPE, 'a number or an object'],
    [{ message: Infinity }, RANGE, 'timeout.message'],
    [{ startup: -1 }, RANGE, 'timeout.startup'],
    [{ connect: NaN }, RANGE, 'timeout.connect'],
    [{ WORKER_STARTUP: '1' }, TYPE, 'timeout.WORKER_STARTUP'],
    [{ SERVER_CONNECT: -1 }, RANGE, 'timeout.SERVER_CONNECT'],
    [{ someType: null }, TYPE, 'timeout.someType'],
  ],
};

const UNAVAILABLE = 'transferList resourceLimits';

async function refused(promise, name, ...parts) {
  const error = await promise.then(
    () => assert.fail('it was accepted'),
    (reason) => reason,
  );
  assert.equal(error.name, name, error.stack);
  for (const part of parts) assert.ok(error.message.includes(part), `${error.message}: ${part}`);
}

describe('createWorker refuses', () => {
  for (const [option, cases] of Object.entries(WRONG)) {
    it(`what ${option} cannot be, saying what it must be and what came (A6)`, async () => {
      for (const [value, name, expected] of cases) {
        const came = typeof value === 'object' || name === UNSUPPORTED ? '' : String(value);
        await refused(createWorker(script, { [option]: value }), name, option, expected, came);
      }
    });
  }

  it('options that there are not, by their names (A6)', async () => {
    for (const name of ['timeuot', 'Script', 'stdIo', '__proto', 'toString'])
      await refused(createWorker(script, { [name]: 1 }), TYPE, `'${name}'`, 'unknown');
  });

  it('options of the contract that this version does not have, by their names', async () => {
    for (const name of UNAVAILABLE.split(' '))
      await refused(createWorker(script, { [name]: {} }), UNSUPPORTED, `'${name}'`);
  });

  it('options that are no object', async () => {
    for (const options of [null, 5, true, [script]])
      await refused(createWorker(options), TYPE, 'object', inspect(options, { depth: 0 }));
    for (const options of [null, 5, 'text', []])
      await refused(createWorker(script, options), TYPE, 'object');
    await refused(createWorker(), TYPE, 'object', 'undefined');
  });

  it('none and two of script, workerScript and filename', async () => {
    const names = ['script, workerScript and filename', 'exactly one'];
    await refused(createWorker({}), TYPE, ...names, 'got 0');
    await refused(createWorker({ script, filename: script }), TYPE, ...names, 'got 2');
    await refused(createWorker(script, { workerScript: script }), TYPE, ...names, 'got 2');
    await refused(createWorker(script, { script }), TYPE, 'script', 'twice');
  });

  it('scripts that are no file', async () => {
    const wrong = [
      '',
      5,
      null,
      {},
      'a\0b',
      new URL('https://example.org/a.js'),
      'file://host/a.js',
    ];
    for (const value of wrong)
      await refused(createWorker({ script: value }), TYPE, 'script', 'a path or a file: URL');
  });
});

describe('createWorker with driver native refuses', () => {
  const native = (options) => createWorker('./program', { driver: 'native', ...options });

  it('options of Node, which it does not start', async () => {
    await refused(native({ execArgv: [] }), TYPE, "'execArgv'", 'argv');
    await refused(native({ execPath: process.execPath }), TYPE, "'execPath'", 'argv');
  });

  it('named sockets', async () => {
    for (const options of [{ socketPath: '/tmp/x' }, { detached: true }, { connection: {} }])
      await refused(native(options), UNSUPPORTED, `'${Object.keys(options)[0]}'`, 'native');
  });

  it('serializers whose formats are of JavaScript', async () => {
    for (const serializer of ['structured', 'v8'])
      await refused(native({ serializer }), UNSUPPORTED, `'${serializer}'`, 'native');
  });

  it('workerData that its serializer cannot carry, naming the place', async () => {
    const workerData = { list: [1, { fn() {} }] };
    await assert.rejects(native({ workerData }), {
      name: 'SerializationError',
      path: 'workerData.list[1].fn',
      message: /^workerData\.list\[1\]\.fn cannot be sent: a function/,
    });
    await assert.rejects(native({ workerData: { big: 2n ** 64n } }), { path: 'workerData.big' });
    await assert.rejects(native({ workerData: 'x'.repeat(70_000), maxMessageBytes: 1 }), {
      name: 'TooLargeError',
    });
  });

  it('a program that is not there or may not be executed', async () => {
    await refused(native(), 'WorkerStartError', path.resolve('program'), 'ENOENT');
    await refused(createWorker(script, { driver: 'native' }), 'WorkerStartError', script, 'EACCES');
    const url = pathToFileURL(script);
    await refused(createWorker(url, { driver: 'native' }), 'WorkerStartError', script, 'EACCES');
  });
});

describe('createWorker takes', () => {
  const start = starter();

  it('undefined for what was not given', async () => {
    const names = Object.keys(WRONG).concat(UNAVAILABLE.split(' '));
    const nothing = Object.fromEntries(names.map((name) => [name, undefined]));
    const worker = await createWorker(script, nothing);
    assert.equal(await worker.send('echo', 1), 1);
    await worker.shutdown();
  });

  it('timeout 0: no call ever times out, nor the start', async () => {
    const worker = await start('tells-deadline.js', { timeout: 0 });
    assert.equal(await worker.send('deadline'), undefined);
    assert.equal(await worker.send('deadline', null, { timeout: 0 }), undefined);
  });

  const within = async (worker, milliseconds, type = 'deadline', options) => {
    const before = Date.now();
    const deadline = await worker.send(type, null, options);
    assert.ok(deadline >= before + milliseconds, `${deadline - before} ms`);
    assert.ok(deadline <= Date.now() + milliseconds, `${deadline - before} ms`);
  };

  it('no timeout: a call has 300,000 ms', async () => {
    await within(await start('tells-deadline.js'), 300_000);
  });

  it('a timeout for calls, by message or by the alias WORKER_MESSAGE', async () => {
    for (const timeout of [70_000, { message: 70_000 }, { WORKER_MESSAGE: 70_000 }])
      await within(await start('tells-deadline.js', { timeout }), 70_000);
  });

  it('a timeout for one type, before that for all; for one call, before both', async () => {
    const timeout = { message: 70_000, slow: 80_000 };
    const worker = await start('tells-deadline.js', { timeout });
    await within(worker, 70_000);
    await within(worker, 80_000, 'slow');
    await within(worker, 90_000, 'slow', { timeout: 90_000 });
  });

  it('a timeout for a type whose name every object has', async () => {
    const worker = await start('tells-deadline.js', { timeout: { toString: 70_000 } });
    await within(worker, 70_000, 'toString');
  });

  it('one number below the startup timeout, which it does not lower', async () => {
    const worker = await start('tells-deadline.js', { timeout: 1 });
    const expected = { code: 'ERR_HAWSER_TIMEOUT', phase: 'run', timeout: 1 };
    await assert.rejects(worker.send('never'), expected);
  });
});

describe('send refuses', () => {
  const start = starter();

  it('options that there are not, and leaves the worker as it was (A6)', async () => {
    const worker = await start();
    const wrong = [null, 5, 'x', [], { timeuot: 5 }, { timeout: '5' }, { timeout: null }];
    for (const options of wrong)
      await refused(worker.send('echo', 1, options), TYPE, Array.isArray(options) ? '[]' : '');
    for (const timeout of [-1, NaN, Infinity, 0.5, 2 ** 31])
      await refused(worker.send('echo', 1, { timeout }), RANGE, 'timeout', String(timeout));
    for (const signal of [{}, null, new AbortController()])
      await refused(worker.send('echo', 1, { signal }), TYPE, 'an AbortSignal');
    await refused(worker.send('echo', 1, { onProgress: 1 }), TYPE, 'a function');
    for (const abort of ['at once', null, true])
      await refused(
        worker.send('echo', 1, { abort }),
        TYPE,
        "'abort'",
        'one of cooperative, terminate',
      );
    for (const grace of [-1, NaN, Infinity, 0.5, 2 ** 31])
      await refused(worker.send('echo', 1, { grace }), RANGE, 'grace', String(grace));
    await refused(worker.send('echo', 1, { grace: '1' }), TYPE, 'grace', 'a number');
    for (const name of 'transferList priority key'.split(' '))
      await refused(worker.send('echo', 1, { [name]: {} }), UNSUPPORTED, `'${name}'`);
    assert.equal(worker.stats().callsSent, 0);
    assert.equal(await worker.send('echo', 2, {}), 2);
    assert.equal(await worker.send('echo', 3, { timeout: undefined, signal: undefined }), 3);
  });

  it('types that are no string', async () => {
    const worker = await start();
    for (const type of [undefined, null, 5, {}, Symbol('echo')]) {
      await assert.rejects(worker.send(type), { code: 'ERR_HAWSER_UNKNOWN_TYPE' });
      assert.throws(() => worker.post(type), { code: 'ERR_HAWSER_UNKNOWN_TYPE' });
    }
  });
});
