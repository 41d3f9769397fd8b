'use strict';

const { inspect } = require('node:util');

/** Say on stderr what nobody else will hear of. @param {string} what @param {unknown} [error] */
function report(what, error) {
  const why = error === undefined ? '' : `: ${inspect(error)}`;
  process.stderr.write(`hawser: ${what}${why}\n`);
}

module.exports = { report };
