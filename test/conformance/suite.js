'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { createWorker } = require('hawser');
const { describeManyCalls } = require('./calls');
const { describeCancel } = require('./cancel');
const { describeDeadlines } = require('./deadlines');
const { describeEnding } = require('./ending');
const { describeEvents } = require('./events');
const { describeLargeMessages } = require('./large-messages');
const { describeParent } = require('./parent');
const { describePosts } = require('./posts');
const { describeProgress } = require('./progress');
const { describeStreams } = require('./streams');
const upsideDown = require('./workers/upside-down');

const execPath = process.env.HAWSER_NODE || process.execPath;
const script = path.join(__dirname, 'workers', 'handlers.js');
const MEBIBYTE = 1024 * 1024;

/**
 * What every transport must do, as tests of the describe block that this is called in.
 * @param {'shm' | 'socket'} transport
 * @param {{ isNamed?: boolean, adapt?: (options: object) => object }} [how] isNamed: its workers
 *   listen at named sockets; adapt: makes options for another driver of those for the process driver
 */
function conforms(transport, { isNamed = false, adapt = (options) => options } = {}) {
  const workers = [];
  let folder;
  let count = 0;
  const start = async (options) => {
    const socketPath = isNamed ? path.join(folder, `${++count}`) : undefined;
    const all = { script, transport, execPath, socketPath, ...options };
    const worker = await createWorker(adapt(all));
    workers.push(worker);
    return worker;
  };

  if (isNamed) {
    before(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-conformance-'))));
    after(() => fs.rmdirSync(folder)); // nothing is left in it
  }

  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.shutdown()));
  });

  it('says which transport it has', async () => {
    const worker = await start();
    assert.equal(worker.transport, transport);
  });

  describePayloads(start);
  describeCodecs(start);
  describeErrors(start);
  describeManyCalls(start);
  describePosts(start);
  describeDeadlines(start);
  describeCancel(start);
  describeEvents(start);
  describeProgress(start);
  describeParent(start);
  describeStreams(start);
  describeLargeMessages(start);
  describeEnding(start);
  describeHandlers(start);
  describeReentrance(start);
}

function describePayloads(start) {
  describe('payloads', () => {
    const values = {
      undefined,
      null: null,
      'negative zero': -0,
      NaN,
      'a large integer': Number.MAX_SAFE_INTEGER,
      'a BigInt': -(2n ** 80n),
      'an empty string': '',
      'text of four alphabets': 'naïve λ 日本 \u{1f600} \0',
      'a lone surrogate': '\ud800',
      'a date': new Date(86_400_000),
      'a regular expression': /a+/giu,
      'a map with object keys': new Map([[{ a: 1 }, new Set([1, 'two'])]]),
      'a hole in an array': [1, , 3], // eslint-disable-line no-sparse-arrays
      'a key called __proto__': JSON.parse('{"__proto__": {"a": 1}, "then": 2}'),
      'a typed array': Float64Array.of(1.5, -2, Infinity),
      'an ArrayBuffer': Uint8Array.of(1, 2, 3).buffer,
    };
    for (const [name, value] of Object.entries(values)) {
      it(`carries ${name} there and back`, async () => {
        const worker = await start();
        assert.deepEqual(await worker.send('echo', value), value);
      });
    }

    it('keeps cycles and shared references', async () => {
      const worker = await start();
      const shared = { n: 1 };
      const value = { a: shared, b: shared };
      value.self = value;
      const answer = await worker.send('echo', value);
      assert.equal(answer.self, answer);
      assert.equal(answer.a, answer.b);
    });

    for (const bytes of [0, 1, 10 * MEBIBYTE]) {
      it(`carries a Buffer of ${bytes} bytes there and back`, async () => {
        const worker = await start();
        const value = Buffer.alloc(bytes, 'hawser');
        const answer = await worker.send('echo', value);
        assert.ok(Buffer.isBuffer(answer));
        assert.ok(answer.equals(value));
      });
    }

    it('carries a string of 10 MiB there and back', async () => {
      const worker = await start();
      const value = 'x'.repeat(10 * MEBIBYTE);
      assert.ok((await worker.send('echo', value)) === value);
    });

    it('hands workerData to the worker', async () => {
      const workerData = { port: 1, hosts: new Set(['a']) };
      const worker = await start({ workerData });
      assert.deepEqual(await worker.send('data'), workerData);
    });

    it('hands workerData with many objects of one shape to the worker', async () => {
      const workerData = Array.from({ length: 20 }, (_, port) => ({ port, host: 'a' }));
      const worker = await start({ workerData });
      assert.deepEqual(await worker.send('data'), workerData);
    });

    it('over maxMessageBytes rejects with TooLargeError, and later ones of its shapes arrive', async () => {
      const worker = await start({ maxMessageBytes: 4096 });
      const rows = Array.from({ length: 500 }, (_, row) => ({ row, text: 'a'.repeat(20) }));
      await assert.rejects(worker.send('echo', rows), { code: 'ERR_HAWSER_TOO_LARGE' });
      assert.deepEqual(await worker.send('echo', rows.slice(0, 5)), rows.slice(0, 5));
    });

    it('of exactly maxMessageBytes, the timeout of the call included, arrives (P4.6)', async () => {
      const worker = await start({ maxMessageBytes: 4096, serializer: 'raw' });
      const bytes = Buffer.alloc(4088, 1);
      assert.deepEqual(await worker.send('echo', bytes, { timeout: 60_000 }), bytes);
      const call = worker.send('echo', Buffer.alloc(4089), { timeout: 60_000 });
      await assert.rejects(call, { code: 'ERR_HAWSER_TOO_LARGE' });
    });
  });
}

function describeCodecs(start) {
  describe('serializer', () => {
    it("'json' carries what JSON carries", async () => {
      const worker = await start({ serializer: 'json' });
      const answer = await worker.send('echo', {
        when: new Date(0),
        list: [1, null],
        gone: undefined,
      });
      assert.deepEqual(answer, { when: '1970-01-01T00:00:00.000Z', list: [1, null] });
    });

    it("'msgpack' carries what MessagePack carries", async () => {
      const worker = await start({ serializer: 'msgpack' });
      const value = { when: new Date(0), list: [1, null, undefined, 2n ** 60n, Buffer.from('b')] };
      assert.deepEqual(await worker.send('echo', value), value);
      assert.equal(await worker.send('echo', undefined), undefined);
      const large = Buffer.alloc(10 * MEBIBYTE, 'msgpack');
      assert.ok((await worker.send('echo', large)).equals(large));
    });

    it("'msgpack' is not that of workerData", async () => {
      const workerData = new Set(['a']);
      const worker = await start({ serializer: 'msgpack', workerData });
      // It has come; its way back is that of any answer.
      await assert.rejects(worker.send('data'), { code: 'ERR_HAWSER_SERIALIZE', message: /a Set/ });
    });

    it("'msgpack' names the path of what it refuses", async () => {
      const worker = await start({ serializer: 'msgpack' });
      await assert.rejects(worker.send('echo', { list: [1, { on: () => {} }] }), {
        code: 'ERR_HAWSER_SERIALIZE',
        path: 'payload.list[1].on',
      });
      assert.equal(await worker.send('echo', 1), 1);
    });

    it("'v8' carries a map", async () => {
      const worker = await start({ serializer: 'v8' });
      const value = new Map([['a', { deep: [1n] }]]);
      assert.deepEqual(await worker.send('echo', value), value);
    });

    it("'v8' names the path of what it refuses", async () => {
      const worker = await start({ serializer: 'v8' });
      const value = { list: [1, { on: () => {} }] };
      await assert.rejects(worker.send('echo', value), {
        code: 'ERR_HAWSER_SERIALIZE',
        path: 'payload.list[1].on',
      });
      assert.equal(await worker.send('echo', 1), 1);
    });

    it("'raw' carries bytes, however many", async () => {
      const worker = await start({ serializer: 'raw' });
      for (const bytes of [0, 1, 10 * MEBIBYTE]) {
        const value = Buffer.alloc(bytes, 'raw');
        assert.ok((await worker.send('echo', value)).equals(value), `${bytes} bytes`);
      }
    });

    it("'raw' refuses what is not bytes", async () => {
      const worker = await start({ serializer: 'raw' });
      await assert.rejects(worker.send('echo', 'text'), { name: 'SerializationError' });
    });

    it("of the user's own carries what it makes", async () => {
      const custom = path.join(__dirname, 'workers', 'custom-codec.js');
      const worker = await start({ script: custom, serializer: upsideDown });
      assert.deepEqual(await worker.send('echo', { a: ['b', 2] }), { a: ['b', 2] });
    });

    it('that the worker does not have is a HandshakeError', async () => {
      await assert.rejects(start({ serializer: upsideDown }), {
        name: 'HandshakeError',
        code: 'ERR_HAWSER_HANDSHAKE',
      });
    });
  });
}

function describeErrors(start) {
  describe('errors', () => {
    it('keep class, message and cause', async () => {
      const worker = await start();
      const error = await worker.send('typeError').catch((reason) => reason);
      assert.ok(error instanceof TypeError);
      assert.equal(error.message, 'no such colour');
      assert.ok(error.cause instanceof RangeError);
      assert.equal(error.cause.message, 'of 3 colours');
    });

    it('of an unknown class arrive as RemoteError with name, code and properties', async () => {
      const worker = await start();
      await assert.rejects(worker.send('quotaError'), (error) => {
        assert.equal(error.constructor.name, 'RemoteError');
        assert.equal(error.name, 'QuotaError');
        assert.equal(error.code, 'E_QUOTA');
        assert.equal(error.limit, 7);
        return true;
      });
    });

    it('arrive whole where maxMessageBytes is less than they take', async () => {
      const worker = await start({ maxMessageBytes: 100 });
      await assert.rejects(worker.send('typeError'), { message: 'no such colour' });
    });

    it('stand for null where null was thrown', async () => {
      const worker = await start();
      const error = await worker.send('throwNull').catch((reason) => reason);
      assert.ok(error instanceof Error);
      assert.equal(error.message, 'null');
    });

    for (const type of ['missing', '__proto__', 'toString', 'then', 'constructor', '']) {
      it(`of the unknown type '${type}' are UnknownTypeError`, async () => {
        const worker = await start();
        const expected = { code: 'ERR_HAWSER_UNKNOWN_TYPE', messageType: type };
        await assert.rejects(worker.send(type), expected);
        assert.throws(() => worker.post(type), expected);
      });
    }

    it('of a payload that cannot travel name its path and touch no other call', async () => {
      const worker = await start();
      const before = worker.send('later', 'before');
      const refused = worker.send('echo', { list: [1, { fn() {} }] });
      const after = worker.send('echo', 'after');
      await assert.rejects(refused, { code: 'ERR_HAWSER_SERIALIZE', path: 'payload.list[1].fn' });
      assert.deepEqual(await Promise.all([before, after]), ['before', 'after']);
    });

    it('of a result that cannot travel name its path and leave the worker alive', async () => {
      const worker = await start();
      const expected = { code: 'ERR_HAWSER_SERIALIZE', path: 'payload.list[1]' };
      await assert.rejects(worker.send('returnFunction'), expected);
      assert.equal(await worker.send('echo', 1), 1);
    });

    it('of a call without an answer are TimeoutError in the phase run', async () => {
      const worker = await start();
      const expected = { code: 'ERR_HAWSER_TIMEOUT', phase: 'run', timeout: 20 };
      await assert.rejects(worker.send('never', null, { timeout: 20 }), expected);
      assert.equal(await worker.send('echo', 'still here'), 'still here');
    });
  });
}

function describeHandlers(start) {
  describe('handlers', () => {
    it('have async contexts of their own', async () => {
      const worker = await start();
      const answers = await Promise.all([1, 2, 3].map((id) => worker.send('enter', id)));
      const expected = [1, 2, 3].map((id) => ({ before: undefined, after: id }));
      assert.deepEqual(answers, expected);
    });

    it('may close every low descriptor: the connection has none of them (P7)', async () => {
      const worker = await start();
      await worker.send('closeLowDescriptors');
      assert.equal(await worker.send('echo', 'still there'), 'still there');
      await worker.shutdown();
      assert.equal(worker.state, 'closed');
    });
  });
}

function describeReentrance(start) {
  describe('a getter of the payload', () => {
    it('may send on the same worker', async () => {
      const worker = await start();
      let inner;
      const payload = {
        a: 1,
        get b() {
          inner = worker.send('echo', { inner: true });
          return 2;
        },
        c: 3,
      };
      assert.deepEqual(await worker.send('echo', payload), { a: 1, b: 2, c: 3 });
      assert.deepEqual(await inner, { inner: true });
    });

    it('may send and then throw: only the outer call rejects', async () => {
      const worker = await start();
      let inner;
      const payload = {
        get b() {
          inner = worker.send('echo', 'inner');
          throw new Error('no value');
        },
      };
      await assert.rejects(worker.send('echo', payload), { path: 'payload.b' });
      assert.equal(await inner, 'inner');
    });

    it('may send from a message that is too large: only the outer call rejects', async () => {
      const worker = await start({ maxMessageBytes: 4096 });
      let inner;
      const payload = {
        get b() {
          inner = worker.send('echo', 'inner');
          return 'x'.repeat(5000);
        },
      };
      await assert.rejects(worker.send('echo', payload), { code: 'ERR_HAWSER_TOO_LARGE' });
      assert.equal(await inner, 'inner');
    });

    it('may terminate the worker: the call rejects with WorkerClosedError', async () => {
      const worker = await start();
      let ended;
      const payload = {
        get b() {
          ended = worker.terminate();
          return 2;
        },
      };
      await assert.rejects(worker.send('echo', payload), { code: 'ERR_HAWSER_CLOSED' });
      await ended;
      assert.equal(worker.state, 'closed');
    });
  });
}

module.exports = { conforms };
