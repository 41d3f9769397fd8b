'use strict';

/** The option unexpectedShutdown, checked. */

const { integer, wrong } = require('./options');

const MAX_ATTEMPTS = 1000;
const OWN = ['strategy', 'attempts', 'messages'];

/**
 * @typedef {object} Crash
 * @property {number} attempts extra tries of a call whose type is not named, 0: it rejects
 * @property {Map<string, number>} types the same for those that are
 */

/**
 * @param {any} [option] { strategy, attempts, messages: { type: { strategy, attempts } } }, types
 *   also directly under their names
 * @returns {Crash | null} null where nothing is tried again, so that no worker is started again
 * @throws {TypeError | RangeError}
 */
function crashOf(option = {}) {
  checkObject('unexpectedShutdown', option);
  const { messages = {} } = option;
  checkObject('unexpectedShutdown.messages', messages);
  const direct = Object.entries(option).filter(([name]) => !OWN.includes(name));
  const types = new Map();
  let retries = isRetry('unexpectedShutdown', option);
  for (const [type, strategy] of [...direct, ...Object.entries(messages)]) {
    if (strategy === undefined) continue;
    const where = `unexpectedShutdown.${Object.hasOwn(messages, type) ? 'messages.' : ''}${type}`;
    checkStrategy(where, strategy);
    const retry = isRetry(where, strategy);
    retries ||= retry;
    types.set(type, retry ? attemptsOf(where, strategy) : 0);
  }
  const attempts = attemptsOf('unexpectedShutdown', option);
  if (!retries) return null;
  return { attempts: isRetry('unexpectedShutdown', option) ? attempts : 0, types };
}

function checkStrategy(where, strategy) {
  checkObject(where, strategy);
  for (const name of Object.keys(strategy)) {
    if (name !== 'strategy' && name !== 'attempts')
      throw new TypeError(`unknown option '${where}.${name}'; there are strategy, attempts`);
  }
}

function isRetry(where, { strategy = 'reject' }) {
  if (strategy === 'retry' || strategy === 'reject') return strategy === 'retry';
  throw wrong(`${where}.strategy`, 'one of retry, reject', strategy);
}

function attemptsOf(where, { attempts = 1 }) {
  return integer(`${where}.attempts`, attempts, 0, MAX_ATTEMPTS);
}

function checkObject(where, value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(where, 'an object', value);
}

module.exports = { crashOf };
