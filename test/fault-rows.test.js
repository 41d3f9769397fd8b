'use strict';

/** Each row of docs/faults.md is named by the title of a test. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { listPrograms } = require('./c/run.js');

const ROOT = path.join(__dirname, '..');
const ROW = /^\| ([WSPFAR]\d+) +\|/gm;
/** One or more rows in parentheses, at the end of a string. */
const NAMED = /\(([WSPFAR]\d+(?:, [WSPFAR]\d+)*)\)['"`]/g;
const IN_NAME = /(?:_[WSAR]\d+)+$/;

const rowsOf = (text) => [...text.matchAll(ROW)].map((match) => match[1]);

function titledRows(text) {
  return [...text.matchAll(NAMED)].flatMap((match) => match[1].split(', '));
}

function cRows(names) {
  return names.flatMap((name) => (IN_NAME.exec(name)?.[0] ?? '').split('_').slice(1));
}

function testFiles() {
  const names = fs.readdirSync(__dirname, { recursive: true }).map(String);
  return names.filter((name) => name.endsWith('.js') && name !== path.basename(__filename));
}

describe('docs/faults.md', () => {
  const rows = rowsOf(fs.readFileSync(path.join(ROOT, 'docs', 'faults.md'), 'utf8'));
  const named = new Set(cRows(listPrograms().flatMap(({ tests }) => tests)));
  for (const name of testFiles()) {
    for (const row of titledRows(fs.readFileSync(path.join(__dirname, name), 'utf8')))
      named.add(row);
  }

  it('has rows, each of them once', () => {
    assert.ok(rows.length > 50);
    assert.equal(new Set(rows).size, rows.length);
  });

  for (const row of rows) {
    it(`has a test that names the row ${row}`, () => assert.ok(named.has(row)));
  }

  it('is not satisfied by a row inside a title, nor by another row that begins like it', () => {
    assert.deepEqual(titledRows("it('bears (W1) and more', ...); it('ends (W12)', ...)"), ['W12']);
    assert.deepEqual(cRows(['a_test_of_w1', 'a_test_W8_W9']), ['W8', 'W9']);
  });
});
