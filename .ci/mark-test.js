'use strict';

/**
 * A root hook of mocha: writes the name of the test that runs into the file that HAWSER_CI_TEST
 * names. A test that blocks the event loop never gets as far as its own time limit.
 */

const fs = require('node:fs');

const note = (text) => fs.writeFileSync(process.env.HAWSER_CI_TEST, `${text}\n`);

exports.mochaHooks = {
  beforeEach() {
    note(this.currentTest.fullTitle());
  },
  afterAll() {
    note('none: the tests had ended, and the process had not');
  },
};
