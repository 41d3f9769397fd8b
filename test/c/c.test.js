'use strict';

const assert = require('node:assert/strict');
const { listPrograms, runProgram } = require('./run.js');

/** Rows of docs/faults.md stand last in a name, as `_W8_W9`. */
function titleOf(name) {
  const rows = /(?:_[A-Z]\d+)+$/.exec(name)?.[0] ?? '';
  const title = name.slice(0, name.length - rows.length).replaceAll('_', ' ');
  return rows === '' ? title : `${title} (${rows.slice(1).replaceAll('_', ', ')})`;
}

for (const program of listPrograms()) {
  describe(`C: ${program.name}`, function () {
    /** @type {Awaited<ReturnType<typeof runProgram>>} */
    let report;

    before(async function () {
      this.timeout(180_000);
      report = await runProgram(program);
    });

    for (const name of program.tests) {
      it(titleOf(name), () => {
        const result = report.tests.get(name);
        assert.ok(result, `the program did not get there: ${report.failure}`);
        assert.ok(result.ok, result.log);
      });
    }

    it('runs every test of the file and ends without a complaint of a sanitizer', () => {
      assert.deepEqual([...report.tests.keys()], program.tests);
      const failed = [...report.tests.values()].some(({ ok }) => !ok);
      assert.ok(failed || !report.failure, report.failure);
    });
  });
}
