'use strict';

const { inspect } = require('node:util');

/** Say on stderr what nobody else will hear of. */
function report(what, error) {
  process.stderr.write(`hawser: ${what}: ${inspect(error)}\n`);
}

module.exports = { report };
