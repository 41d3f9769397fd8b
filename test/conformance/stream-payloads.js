'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { Readable } = require('node:stream');

const range = (count) => Array.from({ length: count }, (_, i) => i);

async function* count(most) {
  for (let i = 0; i < most; i++) yield i;
}

/** Counts what it gives, and resolves `left` when it is left. */
function observed(give) {
  const source = { given: 0 };
  source.left = new Promise((resolve) => {
    source.items = (async function* () {
      try {
        for (;;) yield give(source.given++);
      } finally {
        resolve();
      }
    })();
  });
  return source;
}

const iterableOf = (iterator) => ({ [Symbol.asyncIterator]: () => iterator });
const silent = () => new Readable({ objectMode: true, read() {} });

function describeStreamPayloads(start) {
  describe('a payload that is a stream', () => {
    describeGiven(start);
    describeGivenUp(start);
    describeParentPayloads(start);
  });
}

function describeGiven(start) {
  it('arrives item by item, as a Readable', async () => {
    const worker = await start();
    const sources = {
      generator: () => count(3000),
      readable: () => Readable.from(count(3000)),
      web: () => Readable.toWeb(Readable.from(count(3000))),
    };
    for (const [name, source] of Object.entries(sources))
      assert.deepEqual(await worker.send('collect', source()), range(3000), name);
    let at = 0;
    const iterator = { next: () => ({ done: at === 3, value: at++ }), return: () => (at = NaN) };
    assert.deepEqual(await worker.send('collect', iterableOf(iterator)), range(3));
    assert.equal(at, 4); // what has ended is not left
    assert.deepEqual(await worker.send('collect', count(0)), []);
    assert.equal(await worker.send('kindOf', count(1)), 'ItemStream');
    const bytes = await worker.send('collect', Readable.from(Buffer.from('abc')));
    assert.ok(Buffer.concat(bytes).equals(Buffer.from('abc')));
  });

  it('may go both ways in one call', async () => {
    const worker = await start();
    const got = [];
    for await (const item of worker.stream('doubles', count(3000))) got.push(item);
    assert.deepEqual(
      got,
      range(3000).map((i) => i * 2),
    );
  });

  it('is one of many', async () => {
    const worker = await start();
    const sums = await Promise.all(range(300).map((i) => worker.send('sum', count(i + 1))));
    assert.deepEqual(
      sums,
      range(300).map((i) => (i * (i + 1)) / 2),
    );
  });

  it('that the handler does not read is bounded, and left when it is done (R3)', async () => {
    const worker = await start();
    const controller = new AbortController();
    const source = observed((n) => n);
    const call = worker.send('holds', source.items, { signal: controller.signal });
    let before;
    do {
      before = source.given;
      for (let i = 0; i < 5; i++) await worker.ping();
    } while (source.given !== before);
    assert.ok(source.given > 0 && source.given <= 1024 + 4096, `${source.given} items`);
    controller.abort('enough');
    await assert.rejects(call, (reason) => reason === 'enough');
    await source.left;
    await worker.send('whenNoted', 'payload closed');
  });

  for (const [type, answer] of [
    ['ignores', 'ignored'],
    ['first', 0],
  ]) {
    it(`of which the handler wants no more is left, and the call succeeds: ${type}`, async () => {
      const worker = await start();
      const source = observed((n) => n);
      assert.equal(await worker.send(type, source.items), answer);
      await source.left;
      assert.equal(await worker.send(type, count(1)), answer);
    });
  }
}

function describeGivenUp(start) {
  it('whose source fails fails in the handler, with its error', async () => {
    const worker = await start();
    async function* fails() {
      yield 1;
      throw Object.assign(new RangeError('no more'), { code: 'E_NO_MORE' });
    }
    const { name, code, message } = await worker.send('outcome', fails());
    assert.deepEqual(
      { name, code, message },
      { name: 'RangeError', code: 'E_NO_MORE', message: 'no more' },
    );
    await assert.rejects(worker.send('sum', fails()), { code: 'E_NO_MORE', message: 'no more' });
    assert.equal(await worker.send('ignores', fails()), 'ignored');
    const noIterator = { [Symbol.asyncIterator]: () => assert.fail('no iterator') };
    await assert.rejects(worker.send('sum', noIterator), { message: 'no iterator' });
  });

  it('that fails before it is sent fails the same, and hurts nobody', async () => {
    const worker = await start();
    worker.use(async () => {
      await new Promise(setImmediate);
    });
    const broken = silent().destroy(new Error('broken'));
    assert.equal((await worker.send('outcome', broken)).message, 'broken');
    const closed = silent().destroy();
    assert.equal((await worker.send('outcome', closed)).code, 'ERR_STREAM_PREMATURE_CLOSE');
  });

  it('with an item that cannot travel fails there, and is left', async () => {
    const worker = await start();
    const source = observed((n) => (n < 2 ? n : { fn() {} }));
    const { code, path } = await worker.send('outcome', source.items);
    assert.deepEqual({ code, path }, { code: 'ERR_HAWSER_SERIALIZE', path: 'payload.fn' });
    await source.left;
    assert.equal(source.given, 3);
  });

  it('is left where its call cannot be made', async () => {
    const worker = await start();
    const refused = {
      ERR_HAWSER_UNKNOWN_TYPE: (source) => worker.send('missing', source),
      ABORT_ERR: (source) => worker.send('sum', source, { signal: AbortSignal.abort() }),
      ERR_HAWSER_CLOSED: async (source) => {
        await worker.terminate();
        return worker.send('sum', source);
      },
    };
    for (const [code, send] of Object.entries(refused)) {
      const source = silent();
      await assert.rejects(
        send(source),
        (error) => error.code === code || error.name === 'AbortError',
      );
      assert.ok(source.destroyed, code);
    }
  });

  it('is left when its call times out', async () => {
    const worker = await start();
    const source = silent();
    const late = worker.send('sum', source, { timeout: 20 });
    await assert.rejects(late, { code: 'ERR_HAWSER_TIMEOUT' });
    assert.ok(source.destroyed);
  });
}

function describeParentPayloads(start) {
  it('reaches the handlers of the host from parent.send()', async () => {
    const seen = [];
    const handlers = {
      sum: async (items) => {
        let sum = 0;
        for await (const item of items) sum += item;
        return sum;
      },
      ignores: () => 'ignored',
      fails: async (items) => {
        for await (const item of items) seen.push(item);
      },
    };
    const worker = await start({ handlers });
    assert.equal(await worker.send('ask', 'sum'), (3000 * 2999) / 2);
    assert.deepEqual(await worker.send('askNobody', 'ignores'), {
      answer: 'ignored',
      destroyed: true,
    });
    assert.equal(await worker.send('askFailing', 'fails'), 'E_FAR');
    assert.ok(seen.length <= 2);
  });

  it('of the worker ends for the host when the worker dies', async () => {
    let items;
    const asked = once(process, 'hawser-test-asked');
    const handlers = {
      sum: async (payload) => {
        items = payload;
        process.emit('hawser-test-asked');
        for await (const item of payload) assert.ok(item);
      },
    };
    const worker = await start({ handlers });
    const lost = worker.send('askNobody', 'sum').catch(({ code }) => code);
    await asked;
    await worker.terminate();
    if (!items.closed) await once(items, 'close');
    assert.equal(await lost, 'ERR_HAWSER_CLOSED');
  });
}

module.exports = { describeStreamPayloads };
