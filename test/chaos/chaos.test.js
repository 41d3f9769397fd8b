'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { heldAtRest } = require('../e2e/processes');
const { held, isBackAt, leastMemory } = require('./leftovers');
const { CALLS, SEED } = require('./replay');
const { Run, warmUp } = require('./run');

const MOST_GROWTH = { resident: 64, heap: 4 }; // MiB

function chaos(transport) {
  let folder;
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-chaos-'))));
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  const calls = CALLS / 2;
  const play = async (seed) => {
    const run = new Run({ seed, calls: calls / 2, transport, folder });
    await run.play();
    return run.deaths;
  };

  it(`settles each of ${calls} calls once, and leaves nothing (replay ${SEED})`, async function () {
    this.timeout(120_000);
    await warmUp(transport, folder);
    await heldAtRest();
    const before = held();
    let deaths = await play(SEED);
    const halfway = await leastMemory();
    deaths += await play(~SEED);
    await isBackAt(before);
    assert.ok(deaths > 0, 'no worker was killed');
    const after = await leastMemory();
    for (const [what, most] of Object.entries(MOST_GROWTH)) {
      const growth = after[what] - halfway[what];
      assert.ok(growth <= most, `${what} memory has grown by ${growth.toFixed(1)} MiB`);
    }
  });
}

describe('calls in chaos, over shared memory', () => chaos('shm'));
describe('calls in chaos, over a socket', () => chaos('socket'));
