'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { connect, createPipePair } = require('hawser/pipes');
const { PassThrough } = require('node:stream');
const { collect } = require('../conformance/pipes/ends');
const { execPath, failure } = require('./serving');

const OBJECTS = { objectMode: true };

/** Runs code in a process of its own. @returns {Promise<{ code: number | null, output: string }>} */
async function runCode(code) {
  const child = spawn(execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks = [];
  child.stdout.setEncoding('utf8').on('data', (text) => chunks.push(text));
  const [exitCode] = await once(child, 'close');
  return { code: exitCode, output: chunks.join('') };
}

const pipes = JSON.stringify(require.resolve('hawser/pipes'));

describe('createPipePair', () => {
  it('gives two pipes that may be used at once, in both directions', async () => {
    const [near, far] = createPipePair(OBJECTS);
    near.end({ to: 'far' });
    far.end({ to: 'near' });
    assert.deepEqual(await collect(far), [{ to: 'far' }]);
    assert.deepEqual(await collect(near), [{ to: 'near' }]);
    await Promise.all([failure(near), failure(far)]);
  });

  it('gives copies of values', async () => {
    const [near, far] = createPipePair(OBJECTS);
    const value = { list: [1], map: new Map([['a', { b: 1n }]]) };
    near.end(value);
    far.end();
    const [copy] = await collect(far);
    assert.deepEqual(copy, value);
    assert.notEqual(copy, value);
    near.destroy();
  });

  for (const [which, i] of /** @type {[string, number][]} */ ([
    ['the first', 0],
    ['the second', 1],
  ])) {
    for (const given of [undefined, new RangeError('never mind')]) {
      it(`${which} destroyed at once with ${given?.name ?? 'no error'} destroys the other one`, async () => {
        const pair = createPipePair(OBJECTS);
        const [one, other] = [pair[i], pair[1 - i]];
        other.write('lost');
        one.destroy(given);
        const [ofOne, ofOther] = await Promise.all([failure(one), failure(other)]);
        assert.equal(ofOne, given ?? null);
        assert.equal(ofOther?.name, given?.name);
        assert.equal(ofOther?.message, given?.message);
      });
    }
  }

  it('both destroyed at once close without hearing of each other', async () => {
    const [near, far] = createPipePair();
    const ends = [failure(near), failure(far)];
    near.destroy(new Error('of near'));
    far.destroy(new Error('of far'));
    const errors = await Promise.all(ends);
    assert.deepEqual(
      errors.map(({ message }) => message),
      ['of near', 'of far'],
    );
  });

  it('heeds a signal of both that is aborted already', async () => {
    const [near, far] = createPipePair({ signal: AbortSignal.abort() });
    const errors = await Promise.all([failure(near), failure(far)]);
    assert.deepEqual(
      errors.map(({ name }) => name),
      ['AbortError', 'AbortError'],
    );
  });

  it('pumps with connect(source, destination)', async () => {
    const [near, far] = createPipePair();
    const source = new PassThrough();
    const pumped = connect(source, near);
    source.end('through');
    assert.equal(String(Buffer.concat(await collect(far))), 'through');
    far.end();
    near.resume();
    await pumped;
  });

  it('keeps the process until what was written is read', async () => {
    const { code, output } = await runCode(`
      const [near, far] = require(${pipes}).createPipePair();
      near.end(Buffer.alloc(3_000_000));
      let bytes = 0;
      far.on('data', (chunk) => (bytes += chunk.length));
      far.on('end', () => console.log(bytes));`);
    assert.deepEqual({ code, output }, { code: 0, output: '3000000\n' });
  });

  it('does not keep the process when nothing is under way', async () => {
    const { code } = await runCode(`
      const [near, far] = require(${pipes}).createPipePair();
      near.write('unread');`);
    assert.equal(code, 0);
  });

  it('leaves nothing behind: 100 pairs, used and closed, 5 times (R5)', async () => {
    const rounds = async () => {
      const open = Array.from({ length: 100 }, () => createPipePair(OBJECTS));
      await Promise.all(
        open.flatMap(([near, far], i) => {
          near.end(i);
          far.end();
          return [collect(far), collect(near)];
        }),
      );
      await Promise.all(open.flat().map(failure));
    };
    const sizes = [];
    for (let i = 0; i < 5; i++) {
      await rounds();
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      sizes.push(process.memoryUsage().external);
    }
    assert.ok(sizes[4] <= sizes[0] + (8 << 20), sizes.join(' '));
  });
});
