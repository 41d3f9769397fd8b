'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { runProgram } = require('./program');
const { MOMENTS } = require('./programs/moments');

/** How many threads end per transport: several at each moment. */
const ROUNDS = Number(process.env.HAWSER_TEST_ROUNDS ?? 33);
const TRANSPORTS = ['shm', 'socket'];

/** A zombie has ended, and waits for whoever adopted it. */
function isAlive(pid) {
  try {
    return !/ Z /.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Until the process is gone; a worker whose host has ended has half a second. */
async function gone(pid) {
  while (isAlive(pid)) await new Promise(setImmediate);
}

const itOnLinux = process.platform === 'linux' ? it : it.skip; // looks into /proc

describe('a host that calls process.exit', () => {
  for (const moment of Object.keys(MOMENTS)) {
    for (const transport of TRANSPORTS) {
      itOnLinux(
        `${moment} leaves with its code and no worker, over ${transport} (P12)`,
        async () => {
          const { code, signal, output } = await runProgram('exits', { args: [moment, transport] });
          assert.deepEqual({ code, signal }, { code: 7, signal: null }, output);
          const pids = output.trim().split(' ').map(Number);
          assert.equal(pids.length, 1, output);
          await gone(pids[0]);
        },
      );
    }
  }
});

describe('a thread that hosts a worker', () => {
  for (const transport of TRANSPORTS) {
    itOnLinux(
      `ends at any moment and leaves nothing behind, over ${transport} (P11)`,
      async function () {
        this.timeout(1000 * ROUNDS + 20_000);
        const { code, signal, output } = await runProgram('threads', {
          args: [transport, String(ROUNDS)],
        });
        assert.deepEqual({ code, signal }, { code: 0, signal: null }, output);
        const left = JSON.parse(output.trim().split('\n').at(-1));
        assert.deepEqual(left, { fds: 0, mappings: 0, children: 0 });
      },
    );
  }
});
