'use strict';

const assert = require('node:assert/strict');
const { setImmediate: nextTurn } = require('node:timers/promises');
const v8 = require('node:v8');
const vm = require('node:vm');
const { Pair } = require('./codec-graph');

v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc');

const values = {
  'a small object': () => ({ id: 1, data: [1, 2] }),
  'more objects than are looked up in a list': () => Array.from({ length: 50 }, (_, i) => ({ i })),
  'a cycle': () => {
    const a = {};
    return Object.assign(a, { a });
  },
  'a large Buffer, apart': () => [Buffer.alloc(100_000)],
  'a value that is refused': () => ({ a: [1], refused: () => {} }),
  'a value whose getter throws': () => ({ a: [1], get b() { throw new Error('no'); } }),
}; // prettier-ignore

/** Sends a value that nothing else holds, as channels do. */
function sendAndForget(pair, make) {
  const value = make();
  try {
    pair.encode(value);
  } catch (error) {
    assert.equal(error.code, 'ERR_HAWSER_SERIALIZE');
  }
  if (pair.encoder.segments !== null) pair.encoder.release();
  return new WeakRef(value);
}

describe('StructuredEncoder: memory', () => {
  for (const [name, make] of Object.entries(values)) {
    it(`keeps nothing of what was sent: ${name}`, async () => {
      const pair = new Pair();
      for (let i = 0; i < 10; i++) sendAndForget(pair, make);
      const sent = sendAndForget(pair, make);
      await nextTurn();
      collectGarbage();
      assert.equal(sent.deref(), undefined);
      assert.equal(pair.encoder.busy, false);
    });
  }
});

describe('StructuredDecoder: memory', () => {
  it('keeps neither the values nor bytes that belong to a message alone', async () => {
    const pair = new Pair();
    const bytes = pair.encode([{ a: 1 }, Buffer.alloc(50)]);
    const arrived = new WeakRef(pair.decoder.decode(bytes, 0, bytes.length, true));
    assert.equal(pair.decoder.bytes.length, 0);
    await nextTurn();
    collectGarbage();
    assert.equal(arrived.deref(), undefined);
  });
});
