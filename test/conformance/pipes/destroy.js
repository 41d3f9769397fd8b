'use strict';

const assert = require('node:assert/strict');
const { finished, pipeline } = require('node:stream/promises');
const { PassThrough } = require('node:stream');
const { along, closed, DIRECTIONS, eventsOf, take } = require('./ends');

class OddError extends RangeError {}

const reason = () =>
  Object.assign(new OddError('for a reason'), { code: 'E_ODD', own: { n: [1] } });

/** @param {(options?: object) => Promise<any>} open */
exports.describeDestroy = (open) => {
  for (const direction of DIRECTIONS) {
    it(`tells the other end the error, and each says it once, before close, ${direction}`, async () => {
      const { from, to } = along(await open({ objectMode: true }), direction);
      const seen = [eventsOf(from), eventsOf(to)];
      from.write(1);
      await take(to, 1);
      from.destroy(reason());
      await closed(from);
      const error = await closed(to);
      assert.ok(error instanceof Error);
      const { message, code, own } = error;
      assert.deepEqual([message, code, own], ['for a reason', 'E_ODD', { n: [1] }]);
      for (const events of seen) assert.deepEqual(events, ['error', 'close']);
    });

    it(`closes the other end without error or end when there is none, ${direction}`, async () => {
      const { from, to } = along(await open(), direction);
      const seen = [eventsOf(from), eventsOf(to)];
      to.resume();
      from.destroy();
      assert.deepEqual([await closed(from), await closed(to)], [undefined, undefined]);
      for (const events of seen) assert.deepEqual(events, ['close']);
    });
  }

  it('answers the write that waits for room with an error', async () => {
    const { near, far } = await open({ objectMode: true, highWaterMark: 2 });
    const answers = [];
    for (let i = 0; i < 20; i++)
      answers.push(new Promise((resolve) => near.write(i, (error) => resolve(error))));
    await take(far, 1);
    near.on('error', () => {});
    far.on('error', () => {});
    near.destroy(reason());
    const last = (await Promise.all(answers)).at(-1);
    assert.ok(last instanceof Error);
  });

  it('answers a write that waits when the other end is destroyed', async () => {
    const { near, far } = await open({ objectMode: true, highWaterMark: 2 });
    near.on('error', () => {});
    far.on('error', () => {});
    const answers = [];
    for (let i = 0; i < 20; i++)
      answers.push(new Promise((resolve) => near.write(i, (error) => resolve(error))));
    await take(far, 1);
    far.destroy();
    assert.ok((await Promise.all(answers)).at(-1) instanceof Error);
  });

  it('is a premature close for pipeline, finished and for await', async () => {
    const premature = { code: 'ERR_STREAM_PREMATURE_CLOSE' };
    const first = await open();
    const done = finished(first.near);
    first.far.destroy();
    await assert.rejects(done, premature);
    const second = await open({ objectMode: true });
    const piped = pipeline(second.near, new PassThrough({ objectMode: true }));
    second.far.destroy();
    await assert.rejects(piped, premature);
    const third = await open({ objectMode: true });
    await assert.rejects(async () => {
      third.far.write(1);
      for await (const value of third.near) third.far.destroy(value === 1 ? undefined : value);
    }, premature);
  });

  it('closes the pipe whose reader leaves for await, and the other end', async () => {
    const { near, far } = await open({ objectMode: true });
    near.on('error', () => {}); // Node destroys a Duplex that is left with an AbortError
    far.on('error', () => {});
    for (let i = 0; i < 10; i++) near.write(i);
    for await (const value of far) if (value === 3) break;
    assert.equal(far.destroyed, true);
    await closed(near);
  });

  it('is destroyed by its signal, and takes the other end along', async () => {
    const controller = new AbortController();
    const { near, far } = await open({ signal: controller.signal });
    near.on('error', () => {});
    far.on('error', () => {});
    controller.abort();
    assert.equal((await closed(near)).name, 'AbortError');
    assert.equal((await closed(far)).name, 'AbortError');
  });

  it('takes an error of any kind to the other end', async () => {
    const kinds = [
      new TypeError('typed'),
      Object.assign(new Error('with what cannot be sent'), { code: 7, own: { run() {} } }),
      new AggregateError([new Error('a')], 'many'),
      new DOMException('gone', 'AbortError'),
    ];
    for (const error of kinds) {
      const { near, far } = await open();
      near.on('error', () => {});
      far.on('error', () => {});
      near.destroy(error);
      assert.equal((await closed(far)).message, error.message);
    }
  });
};
