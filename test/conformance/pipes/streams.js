'use strict';

const assert = require('node:assert/strict');
const { compose, Duplex, Readable, Transform } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const { closed, collect, pattern } = require('./ends');

const double = () =>
  new Transform({
    objectMode: true,
    transform(value, encoding, callback) {
      callback(null, value * 2);
    },
  });
const numbers = (count) => Array.from({ length: count }, (_, i) => i);

/** @param {(options?: object) => Promise<any>} open */
exports.describeStreams = (open) => {
  it('stands in the middle of a pipeline, its far end a transform', async () => {
    const { near, far } = await open({ objectMode: true, highWaterMark: 16 });
    const served = pipeline(far, double(), far);
    const results = [];
    await pipeline(Readable.from(numbers(1000)), near, async (values) => {
      for await (const value of values) results.push(value);
    });
    await served;
    assert.deepEqual(
      results,
      numbers(1000).map((n) => n * 2),
    );
  });

  it('is made one with a transform by compose', async () => {
    const { near, far } = await open({ objectMode: true });
    const composed = compose(double(), near);
    const serving = pipeline(far, far);
    composed.write(1);
    composed.end(2);
    assert.deepEqual(await collect(composed), [2, 4]);
    await serving;
  });

  it('is read and written as Web streams', async () => {
    const { near, far } = await open();
    const { readable, writable } = Duplex.toWeb(near);
    const serving = pipeline(far, far);
    const bytes = pattern(100_000);
    const writer = writable.getWriter();
    const writing = (async () => {
      for (let i = 0; i < bytes.length; i += 5000) await writer.write(bytes.subarray(i, i + 5000));
      await writer.close();
    })();
    const chunks = [];
    for await (const chunk of readable) chunks.push(chunk);
    await Promise.all([writing, serving]);
    assert.ok(Buffer.concat(chunks).equals(bytes));
  });

  it('is piped into another pipe', async () => {
    const [first, second] = [await open(), await open()];
    const bytes = pattern(500_000);
    first.far.pipe(second.near);
    first.near.end(bytes);
    assert.ok(Buffer.concat(await collect(second.far)).equals(bytes));
  });

  it('fails the pipeline that it is in with the error of the other end', async () => {
    const { near, far } = await open({ objectMode: true });
    far.on('error', () => {});
    const failing = pipeline(near, double(), async (values) => {
      for await (const value of values) assert.equal(value, 2);
    });
    far.write(1);
    far.destroy(new RangeError('of the far end'));
    await assert.rejects(failing, { message: 'of the far end' });
    assert.equal((await closed(near)).message, 'of the far end');
  });
};
