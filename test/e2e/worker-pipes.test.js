'use strict';

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { once } = require('node:events');
const fs = require('node:fs');
const { finished } = require('node:stream/promises');
const v8 = require('node:v8');
const vm = require('node:vm');
const { errorOf } = require('./outcomes');
const { starter } = require('./started');

v8.setFlagsFromString('--expose-gc');
const gc = vm.runInNewContext('gc');

const OBJECTS = { objectMode: true };
const SHIPPED = 5000; // more than all windows hold

/** @returns {Promise<any>} what it was destroyed with */
const failureOf = (pipe) => {
  pipe.resume();
  return once(pipe, 'error').then(([error]) => error);
};

async function collect(pipe) {
  const values = [];
  for await (const value of pipe.iterator({ destroyOnReturn: false })) values.push(value);
  return values;
}

describe('worker.openPipe', () => {
  const start = starter();
  const open = async (name, options) => (await start('pipes.js')).openPipe(name, options);

  it('is destroyed with UnknownTypeError where the worker serves no pipes', async () => {
    const worker = await start('verbs.js');
    const error = await failureOf(worker.openPipe('nobody'));
    assert.deepEqual(
      [error.name, error.code, error.messageType],
      ['UnknownTypeError', 'ERR_HAWSER_UNKNOWN_TYPE', 'nobody'],
    );
  });

  it('is destroyed with what onPipe throws, or destroys its end with', async () => {
    const worker = await start('pipes.js');
    const thrown = await failureOf(worker.openPipe('throws'));
    assert.deepEqual([thrown.name, thrown.message], ['RangeError', 'thrown by onPipe']);
    const own = await failureOf(worker.openPipe('destroys'));
    assert.deepEqual([own.message, own.code], ['for a reason', 'E_OWN']);
    assert.equal(await worker.send('add', { a: 1, b: 2 }), 3);
  });

  it('throws at once for a name or options that cannot be, naming them', async () => {
    const worker = await start('pipes.js');
    for (const name of [undefined, '', 7, 'a\0b', null])
      assert.throws(() => worker.openPipe(name), { name: 'TypeError', message: /name/ });
    assert.throws(() => worker.openPipe('x'.repeat(1025)), RangeError);
    for (const options of [
      { objectMod: true },
      { objectMode: 1 },
      { highWaterMark: '1' },
      { signal: {} },
    ]) {
      const [name] = Object.keys(options);
      assert.throws(() => worker.openPipe('echo', options), {
        name: 'TypeError',
        message: new RegExp(name),
      });
    }
    for (const highWaterMark of [0, -1, 2 ** 25])
      assert.throws(() => worker.openPipe('echo', { highWaterMark }), /highWaterMark/);
  });

  it('heeds a signal, before and while it is open', async () => {
    const worker = await start('pipes.js');
    const early = worker.openPipe('echo', { signal: AbortSignal.abort() });
    assert.equal((await failureOf(early)).name, 'AbortError');
    const controller = new AbortController();
    const pipe = worker.openPipe('echo', { ...OBJECTS, signal: controller.signal });
    pipe.write(1);
    assert.deepEqual(await once(pipe, 'data'), [1]);
    controller.abort();
    assert.equal((await failureOf(pipe)).name, 'AbortError');
  });

  for (const [how, die] of [
    ['is killed', (worker) => process.kill(worker.pid, 'SIGKILL')],
    ['exits', (worker) => worker.send('exit').catch(() => {})],
    ['ends by an unhandled rejection', (worker) => worker.send('unhandled').catch(() => {})],
  ]) {
    it(`gives its reader all that has come when the worker ${how}, then WorkerCrashedError`, async () => {
      const worker = await start('pipes.js', { stdio: 'ignore' });
      worker.on('error', () => {});
      const pipe = worker.openPipe('gives', OBJECTS);
      const unread = worker.openPipe('silent', OBJECTS);
      const unreadFails = once(unread, 'error');
      const values = [];
      const fails = errorOf(
        (async () => {
          for await (const value of pipe) {
            values.push(value);
            if (value === 0) {
              die(worker);
              await once(worker, 'exit');
            }
          }
        })(),
      );
      assert.equal((await fails).code, 'ERR_HAWSER_CRASHED');
      assert.deepEqual(values, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      assert.equal((await unreadFails)[0].code, 'ERR_HAWSER_CRASHED');
    });
  }

  for (const when of ['before', 'after']) {
    it(`fails a write that waits ${when} a crash, though there is something to read`, async () => {
      const worker = await start('pipes.js', { stdio: 'ignore' });
      worker.on('error', () => {});
      const pipe = worker.openPipe('gives', OBJECTS);
      const write = () => new Promise((resolve) => pipe.write('value', resolve));
      const fails = errorOf(
        (async () => {
          for await (const value of pipe) {
            assert.equal(value, 0);
            const writes = when === 'before' ? Array.from({ length: SHIPPED }, write) : [];
            process.kill(worker.pid, 'SIGKILL');
            await once(worker, 'exit');
            const error = await (writes.at(-1) ?? write());
            assert.equal(error.code, 'ERR_HAWSER_CRASHED');
          }
        })(),
      );
      assert.equal((await fails).code, 'ERR_HAWSER_CRASHED');
    });
  }

  it('gives all that a worker has ended before it gets SIGTERM', async () => {
    const worker = await start('pipes.js', { stdio: 'ignore' });
    worker.on('error', () => {});
    const pipe = worker.openPipe('ships', OBJECTS);
    pipe.end();
    const values = [];
    for await (const value of pipe) {
      if (values.push(value) > 1) continue;
      process.kill(worker.pid, 'SIGTERM');
      for (let i = 0; i < 3; i++) await worker.send('add', { a: i, b: 1 }); // it has seen the signal
    }
    assert.deepEqual(
      values,
      Array.from({ length: SHIPPED }, (_, i) => i),
    );
  });

  it('opens anew when its worker was started again', async () => {
    const worker = await start('pipes.js', { unexpectedShutdown: { strategy: 'retry' } });
    worker.on('error', () => {});
    const old = failureOf(worker.openPipe('echo', OBJECTS));
    process.kill(worker.pid, 'SIGKILL');
    assert.equal((await old).code, 'ERR_HAWSER_CRASHED');
    await worker.send('add', { a: 1, b: 2 });
    const pipe = worker.openPipe('echo', OBJECTS);
    pipe.write('again');
    assert.deepEqual(await once(pipe, 'data'), ['again']);
  });

  for (const end of ['shutdown', 'terminate']) {
    it(`is closed by ${end}(), without an error where nobody listens to errors`, async () => {
      const worker = await start('pipes.js');
      const quiet = worker.openPipe('echo', OBJECTS);
      const heard = worker.openPipe('echo', OBJECTS);
      quiet.resume();
      const fails = failureOf(heard);
      quiet.write(1);
      await once(quiet, 'data');
      await worker[end]();
      assert.equal((await fails).code, 'ERR_HAWSER_CLOSED');
      if (!quiet.closed) await once(quiet, 'close');
      assert.equal(worker.state, 'closed');
      const late = await failureOf(worker.openPipe('echo'));
      assert.equal(late.code, 'ERR_HAWSER_CLOSED');
    });
  }

  it('loses nothing of what was ended just before shutdown()', async () => {
    const worker = await start('pipes.js', { stdio: 'pipe' });
    let printed = '';
    worker.stdout.setEncoding('utf8').on('data', (text) => (printed += text));
    const pipe = worker.openPipe('counts', OBJECTS);
    pipe.resume();
    for (let i = 0; i < SHIPPED; i++) pipe.write(i);
    pipe.end();
    await Promise.all([worker.shutdown(), once(worker.stdout, 'close')]);
    assert.equal(printed, `counted ${SHIPPED}\nonShutdown\n`);
  });

  it('gives OverloadedError beyond 1,024 open ones, and room again as they are closed', async () => {
    const worker = await start('pipes.js');
    const pipes = Array.from({ length: 1024 }, () => worker.openPipe('echo', OBJECTS));
    const error = await failureOf(worker.openPipe('echo'));
    assert.equal(error.code, 'ERR_HAWSER_OVERLOADED');
    const [first, ...others] = pipes;
    first.resume().end();
    await finished(first);
    const next = worker.openPipe('echo', OBJECTS);
    next.end('room');
    assert.deepEqual(await collect(next), ['room']);
    for (const pipe of others) pipe.resume().end();
    await Promise.all(others.map((pipe) => finished(pipe)));
  });

  it('opened and closed thousands of times, in all ways, leaves nothing behind (R5)', async () => {
    const worker = await start('pipes.js');
    const round = async () => {
      for (let i = 0; i < 4; i++) await Promise.all(Array.from({ length: 500 }, (_, n) => one(n)));
      gc();
      return process.memoryUsage().heapUsed;
    };
    const one = async (n) => {
      const pipe = worker.openPipe('echo', { objectMode: n % 2 === 0 }).resume();
      if (n % 4 === 0) pipe.destroy();
      else pipe.end('x');
      if (!pipe.closed) await once(pipe, 'close');
    };
    await round();
    const [heap, descriptors] = [await round(), fs.readdirSync('/dev/fd').length];
    const grown = [await round(), await round(), await round()].map((used) => used - heap);
    assert.ok(Math.min(...grown) < 512 * 1024, `it grew by ${grown}`);
    assert.equal(fs.readdirSync('/dev/fd').length, descriptors);
    const all = Array.from({ length: 1024 }, () => worker.openPipe('echo', OBJECTS));
    all.at(-1).write('the last');
    assert.deepEqual(await once(all.at(-1), 'data'), ['the last']);
  });

  it('tells its listeners everything in the async context in which it was opened', async () => {
    const worker = await start('pipes.js', { stdio: 'ignore' });
    worker.on('error', () => {});
    const store = new AsyncLocalStorage();
    const told = [];
    const listen = (pipe, ...events) => {
      for (const event of events) pipe.on(event, () => told.push(`${event} ${store.getStore()}`));
      return new Promise((resolve) => pipe.on('close', resolve));
    };
    const [echoes, destroys, lost] = store.run('context', () => {
      const pipe = worker.openPipe('echo', OBJECTS);
      pipe.end(1);
      return [
        listen(pipe, 'data', 'end', 'close'),
        listen(worker.openPipe('destroys').resume(), 'error', 'close'),
        listen(worker.openPipe('silent'), 'error', 'close'),
      ];
    });
    await Promise.all([echoes, destroys]);
    process.kill(worker.pid, 'SIGKILL');
    await lost;
    const expected = ['data', 'end', 'close', 'error', 'close', 'error', 'close'];
    assert.deepEqual(told.sort(), expected.map((event) => `${event} context`).sort());
  });

  it('carries on beside calls, and pipes of two workers are connected by pipe()', async () => {
    const [one, two] = await Promise.all([start('pipes.js'), start('pipes.js')]);
    const [first, second] = [one.openPipe('echo', OBJECTS), two.openPipe('echo', OBJECTS)];
    first.pipe(second);
    const values = Array.from({ length: 3000 }, (_, id) => ({ id }));
    const calls = values.slice(0, 300).map(({ id }) => one.send('add', { a: id, b: 1 }));
    for (const value of values) first.write(value);
    first.end();
    assert.deepEqual(await collect(second), values);
    assert.deepEqual(
      await Promise.all(calls),
      calls.map((_, id) => id + 1),
    );
  });

  it('may be written to and destroyed by a listener to its own data', async () => {
    const pipe = await open('echo', OBJECTS);
    const seen = [];
    pipe.on('data', (value) => {
      seen.push(value);
      if (value < 50) pipe.write(value + 1);
      else pipe.destroy();
    });
    for (let i = 0; i < 3; i++) pipe.write(0);
    await once(pipe, 'close');
    assert.equal(seen.at(-1), 50);
    assert.equal(seen.filter((value) => value === 50).length, 1);
  });
});

describe("event 'pipe' of a worker", () => {
  const start = starter();

  it('has no listener: the pipe of the worker is destroyed with UnknownTypeError', async () => {
    const worker = await start('pipes.js');
    assert.deepEqual(await worker.send('open', 'nobody'), [
      'UnknownTypeError',
      'ERR_HAWSER_UNKNOWN_TYPE',
      'nobody',
    ]);
  });

  it('gives the other end, with its name, and what is written to it arrives', async () => {
    const worker = await start('pipes.js');
    worker.on('pipe', (pipe) => pipe.write(`hello ${pipe.name}`));
    assert.equal(await worker.send('open', 'there'), 'hello there');
  });

  it('loses nothing of what the worker has ended just before shutdown()', async () => {
    const worker = await start('pipes.js');
    const got = new Promise((resolve) => {
      worker.on('pipe', async (pipe) => {
        const values = [];
        for await (const value of pipe.iterator({ destroyOnReturn: false })) {
          if (value % 500 === 0) await new Promise(setImmediate);
          values.push(value);
        }
        resolve(values);
      });
    });
    await worker.send('ships', SHIPPED);
    await worker.shutdown();
    assert.deepEqual(
      await got,
      Array.from({ length: SHIPPED }, (_, i) => i),
    );
  });
});
