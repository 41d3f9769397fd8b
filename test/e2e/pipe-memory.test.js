'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');
const { execPath } = require('./started');

const MEBIBYTE = 1024 * 1024;
const SPARE = 8 * MEBIBYTE;
/** What is read between two collections, and what those free a little later. */
const GARBAGE = 4 * MEBIBYTE;
/** Of both ends of one pipe, each way. */
const WINDOWS = { bytes: MEBIBYTE, objects: 4 * MEBIBYTE };
const FLAGS = ['--expose-gc', '--max-semi-space-size=1'];

const host = path.join(__dirname, 'hosts', 'floods-pipes.js');

async function flood(options) {
  const { stdout } = await promisify(execFile)(execPath, [...FLAGS, host, JSON.stringify(options)]);
  return JSON.parse(stdout);
}

describe('memory of a host and a worker while pipes between them are flooded', () => {
  for (const [objectMode, direction, count, total] of [
    [false, 'out', 1, 256 * MEBIBYTE],
    [false, 'in', 1, 256 * MEBIBYTE],
    [false, 'both', 10, 16 * MEBIBYTE],
    [true, 'out', 1, 500_000],
    [true, 'in', 1, 500_000],
    [true, 'both', 10, 30_000],
  ]) {
    const what = `${objectMode ? 'objects' : 'bytes'}, ${direction}, ${count} at once`;

    it(`grows by the windows and little more, and all arrives in order: ${what} (R3)`, async () => {
      const { growths, arrived } = await flood({ objectMode, direction, count, total });
      assert.ok(arrived.every(Boolean));
      const most = SPARE + GARBAGE + count * (objectMode ? WINDOWS.objects : WINDOWS.bytes);
      for (const growth of growths) assert.ok(growth <= most, `it grew by ${growth} bytes`);
    });
  }
});
