'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { once } = require('node:events');
const { createWorker } = require('hawser');
const { TRANSPORTS, besideGoodWorker } = require('./workers');

const execPath = process.env.HAWSER_NODE || process.execPath;
const script = path.join(__dirname, 'noting-worker.js');
const MARK = 256 * 1024;
const filler = 'x'.repeat(1000);

/** Until the kernel says that the process stands still. */
async function stop(worker) {
  const stateOf = () => /\) (\w)/.exec(fs.readFileSync(`/proc/${worker.pid}/stat`, 'latin1'))[1];
  process.kill(worker.pid, 'SIGSTOP');
  while (stateOf() !== 'T') await new Promise(setImmediate);
}

for (const transport of TRANSPORTS) {
  describe(`post() to a stopped worker over ${transport}`, () => {
    let worker;

    beforeEach(async () => {
      worker = await createWorker({ script, execPath, transport, highWaterMark: { bytes: MARK } });
      await stop(worker);
    });

    afterEach(async () => {
      if (worker.pid !== undefined) process.kill(worker.pid, 'SIGCONT');
      await worker.terminate();
    });
    besideGoodWorker(); // its looks come after the worker's end

    /** Post until it returns false; returns how many were accepted. */
    const fill = () => {
      for (let number = 0; ; number++)
        if (!worker.post('note', { number, filler })) return number + 1;
    };

    it('returns false, and all that it accepted arrives once and in order (S9)', async () => {
      const posted = fill();
      const drained = once(worker, 'drain');
      process.kill(worker.pid, 'SIGCONT');
      await drained;
      const numbers = await worker.send('noted');
      assert.deepEqual(
        numbers,
        Array.from({ length: posted }, (_, i) => i),
      );
    });

    it('throws OverloadedError at last, and holds no more than the hard cap (S9)', async () => {
      let accepted = 0;
      const flood = () => {
        for (; ; accepted++) worker.post('note', { number: accepted, filler });
      };
      assert.throws(flood, { code: 'ERR_HAWSER_OVERLOADED' });
      // What is queued, and beside it the ring and what a socket takes.
      assert.ok(accepted * filler.length < 4 * MARK + 2 * 1024 * 1024);
      process.kill(worker.pid, 'SIGCONT');
      assert.equal((await worker.send('noted')).length, accepted);
    });

    it('leaves calls to their deadlines, in the ring and behind it (S9)', async () => {
      const early = worker.send('echo', 1, { timeout: 50 });
      fill();
      const late = worker.send('echo', 2, { timeout: 50 });
      await assert.rejects(early, { code: 'ERR_HAWSER_TIMEOUT', phase: 'run' });
      await assert.rejects(late, { code: 'ERR_HAWSER_TIMEOUT', phase: 'queue' });
      process.kill(worker.pid, 'SIGCONT');
      assert.equal(await worker.send('echo', 3), 3);
    });
  });
}
