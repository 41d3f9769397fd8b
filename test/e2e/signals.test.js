'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { scratch, starter } = require('./started');

const CRASHED = { name: 'WorkerCrashedError' };

for (const signal of ['SIGTERM', 'SIGINT']) {
  describe(`${signal} to a worker`, () => {
    const start = starter();
    const write = scratch();

    /** A worker that has been asked; noted() is what it has written. */
    async function leaving() {
      const file = path.join(write({ file: '' }), 'file');
      const worker = await start('leaves.js', { workerData: file, stdio: 'ignore' });
      worker.noted = () => fs.readFileSync(file, 'utf8').trim().split('\n');
      return worker;
    }

    it('finishes what runs, runs onShutdown with it as reason, and ends by it', async () => {
      const worker = await leaving();
      const running = worker.send('running');
      const exit = once(worker, 'exit');
      worker.post('endBy', signal);
      assert.equal(await running, 'ran');
      assert.deepEqual(await exit, [null, signal]);
      assert.deepEqual(worker.noted(), ['ran', signal, 'exit']);
      assert.equal(worker.state, 'crashed');
    });

    it('cuts what does not end, aborting its signal, and still runs onShutdown', async () => {
      const worker = await leaving();
      const never = assert.rejects(worker.send('never'), CRASHED);
      await worker.send('ready');
      const exit = once(worker, 'exit');
      process.kill(worker.pid, signal);
      assert.deepEqual(await exit, [null, signal]);
      await never;
      assert.deepEqual(worker.noted(), ['aborted', signal, 'exit']);
    });

    it('during a shutdown cuts what it waits for', async () => {
      const worker = await leaving();
      const never = assert.rejects(worker.send('never'), { name: 'WorkerClosedError' });
      await worker.send('ready');
      const ended = worker.shutdown({ timeout: 0 });
      process.kill(worker.pid, signal);
      await ended;
      await never;
      assert.deepEqual(worker.noted().at(-1), 'exit');
      assert.equal(worker.noted()[0], 'aborted');
      assert.equal(worker.noted().length, 3);
      assert.equal(worker.state, 'closed');
    });

    it('that the script listens for itself is left to the script', async () => {
      const worker = await start('signals-itself.js', { workerData: signal, stdio: 'ignore' });
      const exit = once(worker, 'exit');
      process.kill(worker.pid, signal);
      assert.deepEqual(await exit, [42, null]);
    });
  });
}
