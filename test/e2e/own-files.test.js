'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { TimeoutError } = require('hawser');
const { fixture, starter } = require('./started');

const LIB = path.dirname(require.resolve('hawser'));

describe("createWorker: the worker's own files", () => {
  const start = starter();

  it('are not seen by a hook in the loader of the process', async () => {
    const worker = await start('hooked.js', { execArgv: ['-r', fixture('loader-hook.js')] });
    const hooked = await worker.send('hooked');
    const ours = hooked.filter((file) => path.dirname(file) === LIB).map((f) => path.basename(f));
    assert.deepEqual(ours, ['worker-main.js', 'script.js']);
  });

  it('are the same that the script gets by requiring the package', async () => {
    const worker = await start('own-files.js');
    assert.equal(await worker.send('isTimeoutError', new TimeoutError('late')), true);
  });

  it('tell of an error when no file can be opened', async () => {
    const worker = await start('no-files.js');
    await assert.rejects(worker.send('fail'), (error) => {
      assert.ok(error instanceof RangeError);
      assert.deepEqual(error.cause, new Date(0));
      return error.message === 'told all the same';
    });
  });
});
