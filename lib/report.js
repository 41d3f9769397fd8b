'use strict';

const { inspect } = require('node:util');

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'];

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
function tellError(emitter, error, log = { error: report }) {
  if (emitter.listenerCount('error') > 0) tell(emitter, 'error', error);
  else log.error('a worker was given up', error);
}

/**
 * @typedef {object} Log
 * @property {(what: string, detail?: unknown) => void} debug
 * @property {(what: string, detail?: unknown) => void} info
 * @property {(what: string, detail?: unknown) => void} warn
 * @property {(what: string, detail?: unknown) => void} error
 */

/**
 * Says what is at or above a level, to the user's logger or else on stderr. Its functions never
 * throw.
 * @param {{ logger?: any, logLevel?: string }} options logLevel: default 'error'
 * @returns {Log}
 */
function createLog({ logger, logLevel = 'error' }) {
  const least = LEVELS.indexOf(logLevel);
  const at = (level, i) => (i < least ? nothing : (...words) => say(logger, level, words));
  const names = LEVELS.slice(0, -1);
  return /** @type {any} */ (Object.fromEntries(names.map((name, i) => [name, at(name, i)])));
}

function nothing() {}

function say(logger, level, words) {
  if (logger === undefined) {
    report(words[0], words[1]);
    return;
  }
  const [what, ...details] = words;
  try {
    const result = logger[level](`hawser: ${what}`, ...details);
    Promise.resolve(result).catch((error) => reportBoth(words, error)); // one that is asynchronous
  } catch (error) {
    reportBoth(words, error);
  }
}

/** The message is not lost because the logger is broken. */
function reportBoth(words, error) {
  report(words[0], words[1]);
  report('the logger failed', error);
}

module.exports = { createLog, LEVELS, report, tell, tellError };
