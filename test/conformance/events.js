'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const script = path.join(__dirname, 'workers', 'emits.js');
const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;
const range = (count) => Array.from({ length: count }, (_, i) => i);

function describeEvents(start) {
  describe('events', () => {
    describeEmit(start);
    describeOrder(start);
    describeNotify(start);
  });
}

function describeEmit(start) {
  it('that the worker emits reach the listeners of their name, with any data', async () => {
    const worker = await start({ script });
    const long = 'λ'.repeat(512);
    const date = new Date(7);
    for (const [name, data] of [
      ['a', { date }],
      ['b', undefined],
      ['', null],
      ['__proto__', 1],
      [long, Buffer.alloc(3 * MEBIBYTE, 'z')],
    ]) {
      const heard = once(worker.events, name);
      assert.equal(typeof (await worker.send('emit', [name, data])), 'boolean');
      assert.deepEqual(await heard, [data]);
    }
    await worker.send('emit', ['nobody listens', 1]);
    assert.equal(await worker.send('echo', 1), 1);
  });

  it("named 'error' are logged where nobody listens, and given to who does", async () => {
    const worker = await start({ script });
    const { write } = process.stderr;
    let logged = '';
    process.stderr.write = (text) => (logged += text).length > 0;
    try {
      await worker.send('emit', ['error', new Error('far away')]);
      await worker.ping();
    } finally {
      process.stderr.write = write;
    }
    assert.match(logged, /far away/);
    assert.equal(worker.state, 'ready');
    const heard = new Promise((resolve) => worker.events.on('error', resolve));
    await worker.send('emit', ['error', new Error('nearby')]);
    assert.equal((await heard).message, 'nearby');
  });

  it('with a wrong name or data are refused in the emitter, and nothing is sent', async () => {
    const worker = await start({ script });
    const expected = ['TypeError', 'TypeError', 'RangeError', 'SerializationError'];
    assert.deepEqual(await worker.send('refusals'), expected);
    assert.equal(await worker.send('early'), 'ERR_HAWSER_CLOSED');
    assert.throws(() => worker.notify(5), TypeError);
    await worker.shutdown();
    assert.throws(() => worker.notify('note'), { code: 'ERR_HAWSER_CLOSED' });
  });
}

function describeOrder(start) {
  for (const [length, bytes] of [
    [0, MEBIBYTE],
    [10 * KIBIBYTE, 4 * KIBIBYTE],
    [100 * KIBIBYTE, 1],
  ]) {
    it(`come between the answers where they were emitted: ${length} bytes, a mark of ${bytes}`, async () => {
      const worker = await start({ script, highWaterMark: { bytes } });
      const order = [];
      worker.events.on('at', ({ id }) => order.push(`event ${id}`));
      const body = Buffer.alloc(length);
      const emitted = [];
      await Promise.all(
        range(200).map(async (id) => {
          const { code } = await worker.send('emitAndAnswer', { id, body });
          order.push(`answer ${id}`);
          if (code === undefined) emitted.push(id);
          else assert.equal(code, 'ERR_HAWSER_OVERLOADED');
        }),
      );
      for (const id of emitted) {
        const at = order.indexOf(`event ${id}`);
        assert.ok(at >= 0 && at < order.indexOf(`answer ${id}`), `event ${id} before its answer`);
        for (const before of range(id))
          assert.ok(order.indexOf(`answer ${before}`) < at, `answer ${before} before event ${id}`);
      }
      assert.ok(emitted.length > 1);
    });
  }

  it('arrive all, once and in order, where false is heeded', async () => {
    const worker = await start({ script, highWaterMark: { bytes: 64 * KIBIBYTE } });
    const ids = [];
    worker.events.on('at', ({ id }) => ids.push(id));
    const falses = await worker.send('heedsFalse', { count: 2000, bytes: 3000 });
    assert.ok(falses > 0);
    assert.deepEqual(ids, range(2000));
  });

  it('past the hard cap throw OverloadedError, and what was accepted arrives', async () => {
    const worker = await start({ script, highWaterMark: { bytes: 64 * KIBIBYTE } });
    const ids = [];
    worker.events.on('at', ({ id }) => ids.push(id));
    const { accepted, name, code } = await worker.send('ignoresFalse', { bytes: 10 * KIBIBYTE });
    assert.deepEqual([name, code], ['OverloadedError', 'ERR_HAWSER_OVERLOADED']);
    assert.deepEqual(ids, range(accepted));
  });
}

function describeNotify(start) {
  let folder;
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-'))));
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  it('of the host reach parent.events in order, among calls', async () => {
    const worker = await start({ script });
    for (const id of range(100)) assert.equal(worker.notify('note', { id }), true);
    const expected = range(100).map((id) => ({ id }));
    assert.deepEqual(await worker.send('heard', 100), expected);
    const told = once(worker.events, 'told');
    worker.notify('ask', 7);
    assert.deepEqual(await told, [7]);
  });

  it('of the host return false over the mark, throw past the cap, and drain', async () => {
    const worker = await start({ script, highWaterMark: { bytes: 64 * KIBIBYTE } });
    const file = path.join(folder, 'go');
    worker.post('blockUntil', file);
    const body = Buffer.alloc(10 * KIBIBYTE);
    let accepted = 0;
    let falses = 0;
    const flood = () => {
      for (;;) {
        if (!worker.notify('note', { id: accepted, body })) falses++;
        accepted++;
      }
    };
    assert.throws(flood, { name: 'OverloadedError', code: 'ERR_HAWSER_OVERLOADED' });
    assert.ok(falses > 0);
    const drained = once(worker, 'drain');
    fs.writeFileSync(file, '');
    await drained;
    const heard = await worker.send('heard', accepted);
    assert.deepEqual(
      heard.map(({ id }) => id),
      range(accepted),
    );
  });
}

module.exports = { describeEvents };
