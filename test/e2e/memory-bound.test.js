'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { execPath } = require('./started');

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;
const WINDOW = MEBIBYTE; // of bytes that a worker may have been sent and not have read
const SPARE = 8 * MEBIBYTE;
const HARD_CAP = 4; // times the high-water mark

const host = path.join(__dirname, 'hosts', 'floods.js');
// With the default size of its young generation V8 alone takes and returns more than SPARE.
const FLAGS = ['--expose-gc', '--max-semi-space-size=1'];

describe('memory of a host whose worker does not read', () => {
  let folder;
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-'))));
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  const flood = async (options) => {
    const given = JSON.stringify({ file: path.join(folder, 'go'), ...options });
    const { stdout } = await promisify(execFile)(execPath, [...FLAGS, host, given]);
    return JSON.parse(stdout);
  };

  for (const transport of ['shm', 'socket']) {
    for (const [how, length, bytes] of [
      ['busy', 100, MEBIBYTE],
      ['busy', 64 * KIBIBYTE, MEBIBYTE],
      ['SIGSTOP', 64 * KIBIBYTE, 64 * KIBIBYTE],
      ['SIGSTOP', 3 * MEBIBYTE, MEBIBYTE],
    ]) {
      const name = `${how}, ${transport}, bodies of ${length} bytes, a mark of ${bytes}`;
      const options = { transport, how, length, highWaterMark: { bytes } };

      it(`grows by the mark and the window, however much is posted: ${name} (R3)`, async () => {
        const total = (256 * MEBIBYTE) / (length < KIBIBYTE ? 8 : 1); // enough of them, if small
        const { growth, lost } = await flood({ ...options, total, heeds: true });
        assert.equal(lost, 0);
        assert.ok(growth <= bytes + WINDOW + length + SPARE, `it grew by ${growth} bytes`);
      });

      it(`grows by the hard cap where false is ignored: ${name} (A9)`, async () => {
        const { growth, lost, refused } = await flood({ ...options, heeds: false });
        assert.equal(refused, 'ERR_HAWSER_OVERLOADED');
        assert.equal(lost, 0);
        const most = HARD_CAP * bytes + WINDOW + length + SPARE;
        assert.ok(growth <= most, `it grew by ${growth} bytes`);
      });
    }
  }
});
