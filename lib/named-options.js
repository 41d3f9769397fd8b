'use strict';

/** The options socketPath, detached and connection, checked. */

const { socketPathOf } = require('./named-socket');
const { checkNames, integer, wrong } = require('./options');

const MAX_ATTEMPTS = 1_000_000;
const MAX_DELAY = 0x7fffffff;
const CONNECTION = { what: 'option', known: ['attempts', 'delay', 'maxDelay'], later: [] };

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
  checkNames(connection, CONNECTION, 'connection');
  const { attempts = 5, delay = 100, maxDelay = 5000 } = connection;
  return {
    attempts: integer('connection.attempts', attempts, 1, MAX_ATTEMPTS),
    delay: typeof delay === 'function' ? delay : integer('connection.delay', delay, 0, MAX_DELAY),
    maxDelay: integer('connection.maxDelay', maxDelay, 0, MAX_DELAY),
  };
}

module.exports = { namedOf };
