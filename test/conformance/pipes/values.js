'use strict';

const assert = require('node:assert/strict');
const { along, collect, DIRECTIONS, pour } = require('./ends');

/** By a name, for a carrier whose codec has no form of it. */
const VALUES = {
  undefined,
  false: false,
  zero: 0,
  minus: -1.5,
  NaN,
  bigint: 2n ** 70n,
  'empty text': '',
  text: 'tëxt',
  array: [1, [2], 'three'],
  object: { id: 1, nested: { a: [1, 2, 3] } },
  date: new Date(0),
  map: new Map([['k', { v: 1 }]]),
  set: new Set([1, 'two']),
  float64: new Float64Array([1.5, -2]),
  uint8: new Uint8Array([1, 2, 3]),
  buffer: Buffer.from('a Buffer'),
  error: new RangeError('a value like any other'),
};
const CONTROLS = [
  { type: 'pause' },
  { type: 'resume' },
  { type: 'end' },
  { type: 'data', payload: 1 },
  { type: 'resume', hawser: { version: 1, abort: true } },
  { hawser: {} },
];

/** @param {(options?: object) => Promise<any>} open @param {{ valuesSkipped?: string[] }} traits */
exports.describeValues = (open, { valuesSkipped = [] }) => {
  for (const direction of DIRECTIONS) {
    it(`carries values of every kind in order, ${direction}`, async () => {
      const { from, to } = along(await open({ objectMode: true }), direction);
      const names = Object.keys(VALUES).filter((name) => !valuesSkipped.includes(name));
      const values = names.map((name) => VALUES[name]);
      await pour(from, values);
      from.end();
      const arrived = await collect(to);
      assert.deepEqual(arrived, values);
      if (names.includes('buffer')) assert.ok(Buffer.isBuffer(arrived[names.indexOf('buffer')]));
    });

    it(`takes objects that look like control messages for data, ${direction}`, async () => {
      const { from, to } = along(await open({ objectMode: true }), direction);
      const arriving = collect(to);
      for (const value of CONTROLS) await new Promise((resolve) => from.write(value, resolve));
      await pour(from, CONTROLS); // now as one batch
      from.end();
      assert.deepEqual(await arriving, [...CONTROLS, ...CONTROLS]);
    });

    it(`keeps the order of thousands of values, ${direction}`, async () => {
      const { from, to } = along(await open({ objectMode: true, highWaterMark: 64 }), direction);
      const values = Array.from({ length: 5000 }, (_, id) => ({ id }));
      const [arrived] = await Promise.all([collect(to), pour(from, values).then(() => from.end())]);
      assert.deepEqual(arrived, values);
    });
  }

  it('refuses null as Node does, and goes on', async () => {
    const { near, far } = await open({ objectMode: true });
    assert.throws(() => near.write(null), { code: 'ERR_STREAM_NULL_VALUES' });
    near.end('still here');
    assert.deepEqual(await collect(far), ['still here']);
  });

  it('destroys both ends for a value that cannot be sent, behind those before it', async () => {
    const { near, far } = await open({ objectMode: true });
    const arrived = [];
    far.on('data', (value) => arrived.push(value));
    const failed = new Promise((resolve) => near.once('error', resolve));
    const ended = new Promise((resolve) => far.once('error', resolve));
    const answers = [1, 2, { run() {} }, 4].map(
      (value) => new Promise((resolve) => near.write(value, resolve)),
    );
    assert.equal((await failed).code, 'ERR_HAWSER_SERIALIZE');
    assert.equal((await answers[2])?.code, 'ERR_HAWSER_SERIALIZE');
    assert.equal((await ended).code, 'ERR_HAWSER_SERIALIZE');
    assert.ok(arrived.every((value, i) => value === i + 1) && arrived.length <= 2);
  });
};
