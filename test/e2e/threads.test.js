'use strict';

const assert = require('node:assert/strict');
const { hostStarter, isGone } = require('./processes');

describe('hawser in threads of the host', () => {
  const startHost = hostStarter();

  const ends = [
    ['terminate', 8, 4, 'terminated in the midst of calls, end without an abort (P11)'],
    ['own', 4, 4, 'left by process.exit in the thread, end without an abort (P11)'],
    ['exit', 4, 3, 'and process.exit of the main thread, ends with its code (P12)'],
  ];
  for (const [how, count, code, text] of ends) {
    it(`${text}; their workers are gone`, async () => {
      const host = startHost('threads.js', how, String(count));
      const pids = await host.next();
      assert.equal(pids.length, count);
      const exit = await host.exit;
      assert.deepEqual([exit.code, exit.signal, exit.stderr], [code, null, '']);
      for (const pid of pids) await isGone(pid);
    });
  }

  it('loaded twice, once in a context of its own, works twice (P12)', async () => {
    const host = startHost('twice.js');
    assert.deepEqual(await host.next(), [false, 100_000, 100_000]);
    const exit = await host.exit;
    assert.deepEqual([exit.code, exit.signal, exit.stderr], [0, null, '']);
  });
});
