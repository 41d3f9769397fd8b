'use strict';

/** The options socketPath, detached and connection, checked. */

const { inspect } = require('node:util');
const { socketPathOf } = require('./named-socket');

const MAX_ATTEMPTS = 1_000_000;
const MAX_DELAY = 0x7fffffff;
const KNOWN = ['attempts', 'delay', 'maxDelay'];

/**
 * @param {{ socketPath?: unknown, detached?: unknown, connection?: any }} options
 * @returns {{ socketPath: string | undefined, detached: boolean, connection: { attempts: number,
 *   delay: number | ((attempt: number) => number), maxDelay: number } }}
 * @throws {TypeError | RangeError | import('./errors').UnsupportedError} that names the option
 */
function namedOf({ socketPath, detached = false, connection = {} }) {
  if (typeof detached !== 'boolean') throw wrong('detached', 'a boolean', detached);
  if (detached && socketPath === undefined)
    throw new TypeError("option 'detached' needs a socketPath: nobody else could find the worker");
  return {
    socketPath: socketPath === undefined ? undefined : socketPathOf(socketPath),
    detached,
    connection: connectionOf(connection),
  };
}

function connectionOf(connection) {
  if (typeof connection !== 'object' || connection === null || Array.isArray(connection))
    throw wrong('connection', 'an object', connection);
  for (const name of Object.keys(connection)) {
    if (!KNOWN.includes(name))
      throw new TypeError(`unknown option 'connection.${name}'; there are ${KNOWN.join(', ')}`);
  }
  const { attempts = 5, delay = 100, maxDelay = 5000 } = connection;
  return {
    attempts: whole('connection.attempts', attempts, 1, MAX_ATTEMPTS),
    delay: typeof delay === 'function' ? delay : whole('connection.delay', delay, 0, MAX_DELAY),
    maxDelay: whole('connection.maxDelay', maxDelay, 0, MAX_DELAY),
  };
}

function whole(name, value, least, most) {
  if (typeof value !== 'number') throw wrong(name, 'a number', value);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const text = `option '${name}' must be an integer from ${least} to ${most}, got ${value}`;
  throw new RangeError(text);
}

function wrong(name, expected, got) {
  return new TypeError(`option '${name}' must be ${expected}, got ${inspect(got, { depth: 0 })}`);
}

module.exports = { namedOf };
