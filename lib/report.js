'use strict';

const { inspect } = require('node:util');

/** Say on stderr what nobody else will hear of. @param {string} what @param {unknown} [error] */
function report(what, error) {
  const why = error === undefined ? '' : `: ${inspect(error)}`;
  process.stderr.write(`hawser: ${what}${why}\n`);
}

/**
 * Emit where a listener that throws must not keep anybody else from being told.
 * @param {import('node:events')} emitter @param {string} event @param {...unknown} args
 */
function tell(emitter, event, ...args) {
  try {
    emitter.emit(event, ...args);
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}

/** 'error' where somebody listens, else a line. @param {any} emitter @param {unknown} error */
function tellError(emitter, error) {
  if (emitter.listenerCount('error') > 0) tell(emitter, 'error', error);
  else report('a worker was given up', error);
}

module.exports = { report, tell, tellError };
