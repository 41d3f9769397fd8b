'use strict';

/** The programs examples/native-* are built as their README says, and print what they promise. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { ROOT, folders, installLinked, shell } = require('./native-project');

const OUTPUT = {
  'native-compressor': [
    'levels 1,6,9: the same again: true,true,true',
    'each is smaller: true',
    'decompressed what node:zlib made: true',
    'Z_DATA_ERROR: incorrect header check, as node:zlib says it: true',
    'Z_BUF_ERROR: unexpected end of file, as node:zlib says it: true',
    'enough, after some',
    'streamed: true',
    'through both: true',
  ],
  'native-text-index': [
    'asked 5 times meanwhile, it grew: true',
    '200000 lines, 8 words',
    'ERROR: 66666 lines: 3 6 9, as expected: true',
    'Zürich: 100000 lines: 2 4 6, as expected: true',
    'naïve: 22222 lines: 9 18 27, as expected: true',
    'nowhere: 0 lines: , as expected: true',
  ],
};

describe('examples of native workers', () => {
  const make = folders();

  /** A copy, so that nothing is left in the tree. */
  function copy(name) {
    const project = make();
    fs.cpSync(path.join(ROOT, 'examples', name), project, { recursive: true });
    installLinked(project);
    return project;
  }

  for (const [name, lines] of Object.entries(OUTPUT)) {
    it(`${name} is made by make and runs to its end`, async function () {
      this.timeout(60_000);
      const project = copy(name);
      const made = await shell(project, 'make --silent HAWSER=hawser');
      assert.deepEqual(made, { code: 0, stdout: '', stderr: '' });
      const { stdout, stderr } = await shell(project, 'node index.js');
      assert.deepEqual([stdout.trimEnd().split('\n'), stderr], [lines, '']);
    });
  }

  it('native-text-index is made by cmake as well', async function () {
    if (!process.env.CI && spawnSync('cmake', ['--version']).error) this.skip();
    this.timeout(60_000);
    const project = copy('native-text-index');
    const line = 'cmake -B build -D CMAKE_RUNTIME_OUTPUT_DIRECTORY=$PWD && cmake --build build';
    const { code, stderr } = await shell(project, line);
    assert.equal(code, 0, stderr);
    fs.accessSync(path.join(project, 'text_index'), fs.constants.X_OK);
  });
});
