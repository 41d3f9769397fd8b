'use strict';

/** The programs in examples/ that use pipes print what they promise. */

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');
const { execPath } = require('./started');

const EXAMPLES = path.join(__dirname, '../../examples');

/** What each prints, in any order. */
const OUTPUT = {
  'log-shipper': [
    'left: item 2500',
    'left: item 5000',
    'right: item 2500',
    'right: item 5000',
    'sums 12502500,12502500; logged 9996 times, warned 4 times',
  ],
  'byte-pump': ['100 %', '120 frames, the brightest is 238, whole: true', '25 %', '50 %', '75 %'],
  transform: ['4288890 bytes, and the same again: true', 'compressed to less than a quarter: true'],
};

describe('examples of pipes', () => {
  for (const [name, lines] of Object.entries(OUTPUT)) {
    it(`${name} runs to its end`, async () => {
      const { stdout, stderr } = await promisify(execFile)(execPath, [path.join(EXAMPLES, name)]);
      assert.deepEqual(stdout.trimEnd().split('\n').sort(), lines);
      assert.equal(stderr, '');
    });
  }
});
