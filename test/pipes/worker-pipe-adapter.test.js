'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const path = require('node:path');
const { MessageChannel, Worker } = require('node:worker_threads');
const { move } = require('hawser');
const { WorkerPipeAdapter } = require('hawser/pipes');
const { closed, collect, eventsOf, finish, pattern, take } = require('../conformance/pipes/ends');

const SCRIPT = path.join(__dirname, 'threads', 'serves.js');

const adapt = (port, options = { objectMode: true }) =>
  new WorkerPipeAdapter(port).createDuplex(options);

function pair(options) {
  const { port1, port2 } = new MessageChannel();
  return { near: adapt(port1, options), far: adapt(port2, options), port1, port2 };
}

describe('WorkerPipeAdapter', () => {
  it('refuses what is no port, options that are wrong, and a second pipe on a port', () => {
    for (const port of [undefined, null, {}, 'port', { postMessage() {} }])
      assert.throws(() => new WorkerPipeAdapter(port), { name: 'TypeError' });
    const { port1 } = new MessageChannel();
    const adapter = new WorkerPipeAdapter(port1);
    assert.throws(() => adapter.createDuplex({ objectmode: true }), TypeError);
    assert.throws(() => adapter.createDuplex({ highWaterMark: 0 }), RangeError);
    assert.throws(() => adapter.createDuplex({ serializer: 'json' }), TypeError);
    const pipe = adapter.createDuplex();
    assert.throws(() => adapter.createDuplex(), { code: 'ERR_HAWSER_UNSUPPORTED' });
    assert.throws(() => new WorkerPipeAdapter(port1).createDuplex(), /carries a pipe already/);
    pipe.destroy();
  });

  it('is destroyed at once by a signal that is aborted, and leaves the port closed', async () => {
    const { port1, port2 } = new MessageChannel();
    const pipe = adapt(port1, { signal: AbortSignal.abort() });
    pipe.on('error', () => {});
    port2.start();
    await once(port2, 'close');
    assert.equal((await closed(pipe)).name, 'AbortError');
  });

  it('is destroyed with "MessagePort error" by a message that cannot be read', async () => {
    const { near, far, port1 } = pair();
    far.on('error', () => {});
    const failed = once(near, 'error');
    port1.emit('messageerror', new Error('of the port'));
    const [error] = await failed;
    assert.equal(error.message, 'MessagePort error');
    assert.equal(error.code, 'ERR_HAWSER');
    assert.equal((await closed(far)).message, 'MessagePort error');
  });

  it('is destroyed at both ends when one is in object mode and one is not', async () => {
    const { port1, port2 } = new MessageChannel();
    const pipes = [adapt(port1), adapt(port2, {})];
    for (const pipe of pipes) pipe.on('error', () => {});
    for (const pipe of pipes) {
      const error = await closed(pipe);
      assert.equal(error.code, 'ERR_HAWSER_HANDSHAKE');
      assert.match(error.message, /object mode.*byte mode|byte mode.*object mode/);
    }
  });

  it('goes over to credits where the other end is made late, and loses nothing', async () => {
    const { port1, port2 } = new MessageChannel();
    const near = adapt(port1, { objectMode: true, highWaterMark: 8 });
    let answered = 0;
    for (let i = 0; i < 100; i++) near.write(i, () => answered++);
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    assert.ok(answered <= 8, `${answered} writes were answered by nobody`);
    const far = adapt(port2, { objectMode: true, highWaterMark: 8 });
    assert.deepEqual(
      await take(far, 100),
      Array.from({ length: 100 }, (_, i) => i),
    );
    await finish({ near, far });
  });

  it('posts many values in one message, and a single one at once', async () => {
    const { near, far, port1 } = pair();
    near.write('first');
    await take(far, 1);
    await new Promise(setImmediate);
    const posted = [];
    const post = port1.postMessage;
    port1.postMessage = function (message, list) {
      if (message.type === 'data') posted.push(message.payload.length);
      return post.call(this, message, list);
    };
    near.write('alone');
    assert.deepEqual(posted, [1]);
    for (let i = 0; i < 100; i++) near.write(i);
    await take(far, 101);
    assert.deepEqual(posted, [1, 100]);
    await finish({ near, far });
  });

  it('lets what came before the end be read when the other end is destroyed behind it', async () => {
    const { near, far } = pair();
    for (let i = 0; i < 5; i++) near.write(i);
    near.end();
    await once(near, 'finish');
    near.destroy();
    const seen = eventsOf(far);
    await new Promise((resolve) => near.once('close', resolve));
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    const arrived = [];
    far.on('data', (value) => arrived.push(value));
    assert.equal(await closed(far), undefined);
    assert.deepEqual(arrived, [0, 1, 2, 3, 4]);
    assert.deepEqual(seen, ['end', 'close']);
  });

  it('leaves nothing behind of a thousand pipes', async () => {
    const count = () => process.getActiveResourcesInfo().filter((name) => /Port/.test(name)).length;
    const before = count();
    const pairs = Array.from({ length: 1000 }, () => pair());
    assert.equal(count(), before + 2000);
    for (const { near, far } of pairs) far.pipe(far) && near.end('x');
    await Promise.all(pairs.map(({ near }) => collect(near)));
    await Promise.all(pairs.flatMap(({ near, far }) => [closed(near), closed(far)]));
    await new Promise(setImmediate);
    assert.equal(count(), before);
  });
});

describe('WorkerPipeAdapter of a peer that breaks the rules', () => {
  const HELLO = { version: 1, objectMode: true, limit: 4, seen: true };
  let pipe;
  let port;
  beforeEach(async () => {
    const { port1, port2 } = new MessageChannel();
    pipe = adapt(port1, { objectMode: true, highWaterMark: 4 });
    port = port2;
    port.postMessage({ type: 'resume', hawser: HELLO });
  });
  afterEach(() => port.close());

  const batch = (payload, buffers) => ({ type: 'data', payload, hawser: { batch: true, buffers } });
  const breaches = {
    'more values than were granted': [batch([1, 2, 3]), batch([4, 5])],
    'an array of any length': [batch(new Array(2 ** 32 - 1))],
    'no array of values': [batch('text')],
    'null for a value': [batch([1, null])],
    'data behind its end': [{ type: 'end' }, batch([1])],
    'data in the old way, once it knows better': [{ type: 'data', payload: 1 }],
  };
  for (const [what, messages] of Object.entries(breaches)) {
    it(`is destroyed with a ProtocolError for ${what} (W10)`, async () => {
      const heard = [];
      port.on('message', ({ hawser }) => heard.push(hawser));
      for (const message of messages) port.postMessage(message);
      const [error] = await once(pipe, 'error');
      assert.equal(error.code, 'ERR_HAWSER_PROTOCOL');
      await once(port, 'close');
      assert.equal(heard.at(-1).error.code, 'ERR_HAWSER_PROTOCOL');
    });
  }

  it('takes what is malformed for nothing more than it is', async () => {
    const odd = [undefined, null, 1, 'x', [], {}, { limit: 'x' }, { limit: -1, objectMode: true }];
    for (const hawser of odd) port.postMessage({ type: 'resume', hawser });
    port.postMessage({ type: 'pause', hawser: {} });
    for (const buffers of [1, 'x', [7, -1, '__proto__', null], {}])
      port.postMessage(batch([{ v: 1 }], buffers));
    assert.deepEqual(await take(pipe, 4), [{ v: 1 }, { v: 1 }, { v: 1 }, { v: 1 }]);
    assert.equal({}.polluted, undefined);
    pipe.destroy();
  });

  it('grants a peer that was paused, once it shows what it speaks', async () => {
    const { port1, port2 } = new MessageChannel();
    const late = adapt(port1, { objectMode: true, highWaterMark: 4 });
    const heard = [];
    port2.on('message', (message) => heard.push(message));
    for (let i = 0; i < 6; i++) port2.postMessage(i);
    while (heard.at(-1)?.type !== 'pause') await once(port2, 'message');
    port2.postMessage({ type: 'resume', hawser: { ...HELLO, seen: false } });
    while (heard.at(-1)?.hawser?.seen !== true) await once(port2, 'message');
    assert.deepEqual(await take(late, 6), [0, 1, 2, 3, 4, 5]);
    while (heard.at(-1)?.hawser?.limit !== 10) await once(port2, 'message');
    assert.ok(!heard.some(({ type, hawser }) => type === 'resume' && hawser === undefined));
    late.destroy();
    pipe.destroy();
  });

  it('makes an error of whatever it is told as one', async () => {
    port.postMessage({ type: 'resume', hawser: { abort: true, error: { name: {}, stack: 1 } } });
    const [error] = await once(pipe, 'error');
    assert.ok(error instanceof Error);
  });
});

describe('WorkerPipeAdapter with a thread', () => {
  const start = (job) => new Worker(SCRIPT, { workerData: { job } });

  it('carries values over a Worker and its parentPort', async () => {
    const worker = start('echo');
    const exited = once(worker, 'exit');
    const pipe = adapt(worker);
    const values = Array.from({ length: 2000 }, (_, id) => ({ id, at: new Date(id) }));
    const pouring = (async () => {
      for (const value of values) if (!pipe.write(value)) await once(pipe, 'drain');
      pipe.end();
    })();
    assert.deepEqual(await collect(pipe), values);
    await Promise.all([pouring, closed(pipe)]);
    assert.deepEqual(await exited, [0]); // nothing holds it any more
  });

  it('comes to an understanding with a thread whose first word it has missed', async () => {
    const worker = start('echo');
    const exited = once(worker, 'exit');
    await once(worker, 'message'); // there is no queue behind a Worker: it was for nobody
    const pipe = adapt(worker, { objectMode: true, highWaterMark: 4 });
    const values = Array.from({ length: 100 }, (_, id) => [id]);
    for (const value of values) pipe.write(value);
    pipe.end();
    assert.deepEqual(await collect(pipe), values);
    await exited;
  });

  it('is destroyed, once what came was read, when the thread dies', async () => {
    const worker = start('dies');
    const exited = once(worker, 'exit');
    const pipe = adapt(worker);
    const seen = eventsOf(pipe);
    pipe.write('go');
    await exited;
    assert.equal(pipe.destroyed, false);
    pipe.end(); // nobody is there to be told: this must not pass for finished
    await new Promise(setImmediate);
    assert.deepEqual(await take(pipe, 2), ['one', 'two']);
    assert.equal((await closed(pipe)).code, 'ERR_HAWSER_CLOSED');
    assert.deepEqual(seen, ['error', 'close']);
  });

  it('is destroyed where the thread, or the port, was gone before the pipe was made', async () => {
    const { port1, port2 } = new MessageChannel();
    const worker = start('tells'); // waits, until it is terminated
    port2.close();
    await Promise.all([once(port1, 'close'), worker.terminate()]);
    for (const port of [port1, worker]) {
      const pipe = adapt(port).resume();
      const [error] = await once(pipe, 'error');
      assert.equal(error.code, 'ERR_HAWSER_CLOSED');
    }
  });

  it('tells the thread the error that it is destroyed with', async () => {
    const worker = start('tells');
    const { port1, port2 } = new MessageChannel();
    worker.postMessage(port2, [port2]);
    const pipe = adapt(port1);
    pipe.on('error', () => {});
    pipe.destroy(Object.assign(new RangeError('from here'), { code: 'E_HERE' }));
    const exited = once(worker, 'exit');
    const [told] = await once(worker, 'message');
    assert.deepEqual(told, ['RangeError', 'from here', 'E_HERE']);
    await exited;
  });
});

describe('move', () => {
  it('gives the value back as it is, and refuses what it cannot mean', () => {
    const value = { a: 1 };
    assert.equal(move(value, []), value);
    assert.equal(move(7), 7);
    assert.equal(move(null), null);
    assert.throws(() => move(value), { name: 'TypeError', message: /transferList/ });
    assert.throws(() => move(value, 'x'), TypeError);
  });

  it('transfers the memory of what is written, once, and copies it otherwise', async () => {
    const { near, far } = pair();
    const [moved, kept, raw] = [new Float64Array(8), new Float64Array(8), new ArrayBuffer(8)];
    const buffer = Buffer.alloc(100, 1);
    near.cork();
    for (const value of [move(moved), kept, move(raw), move(buffer)]) near.write(value);
    near.uncork();
    const arrived = await take(far, 4);
    const lengths = [moved, kept, raw, buffer].map(({ byteLength }) => byteLength);
    assert.deepEqual(lengths, [0, 64, 0, 0]);
    assert.ok(Buffer.isBuffer(arrived[3]) && arrived[3].equals(Buffer.alloc(100, 1)));
    near.write(move(arrived[3]));
    assert.equal((await take(far, 1))[0].length, 100);
    await finish({ near, far });
  });

  it('takes a mark for one write', async () => {
    const { near, far } = pair();
    const value = { bytes: new Uint8Array(8) };
    near.write(move(value, [value.bytes.buffer]));
    await take(far, 1);
    value.bytes = new Uint8Array(9);
    near.write(value);
    assert.equal((await take(far, 1))[0].bytes.length, 9);
    assert.equal(value.bytes.length, 9);
    await finish({ near, far });
  });

  it('transfers what a list names, such as a port within an object', async () => {
    const { near, far } = pair();
    const { port1, port2 } = new MessageChannel();
    near.write(move({ port: port2 }, [port2]));
    const [{ port }] = await take(far, 1);
    port.postMessage('through it');
    assert.deepEqual(await once(port1, 'message'), ['through it']);
    port.close();
    await finish({ near, far });
  });

  it('moves a chunk of bytes where it fits, and copies what shares its memory', async () => {
    const { near, far } = pair({});
    const [large, small] = [Buffer.from(pattern(50_000)), Buffer.from('of the pool')];
    const whole = new Uint8Array(pattern(50_000));
    const neighbour = Buffer.from('beside it');
    near.write(move(whole));
    near.write(move(small));
    near.write(large);
    const arrived = await take(far, 50_000 + 11 + 50_000);
    assert.ok(arrived.equals(Buffer.concat([pattern(50_000), small, pattern(50_000)])));
    assert.deepEqual([whole.length, small.length, large.length], [0, 11, 50_000]);
    assert.equal(String(neighbour), 'beside it');
    await finish({ near, far });
  });

  it('is of the worker too', () => assert.equal(require('hawser/worker').move, move));
});
