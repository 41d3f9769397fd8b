'use strict';

const { inspect } = require('node:util');

/** Say on stderr what nobody else will hear of. @param {string} what @param {unknown} [error] */
function report(what, error) {
  const why = error === undefined ? '' : `: ${inspect(error)}`;
  process.stderr.write(`hawser: ${what}${why}\n`);
}

/** Emit 'error' where somebody listens, and say it else. @param {any} worker @param {unknown} error */
function tell(worker, error) {
  if (worker.listenerCount('error') > 0) worker.emit('error', error);
  else report('a worker was given up', error);
}

module.exports = { report, tell };
