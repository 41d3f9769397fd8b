'use strict';

const { HawserError } = require('./errors');

/**
 * @typedef {object} MiddlewareContext
 * @property {'send' | 'receive'} direction
 * @property {'request' | 'response' | 'error' | 'event'} kind
 * @property {string} type
 * @property {string} tx
 * @property {unknown} message
 * @property {Record<string, string>} [metadata]
 */

/** @returns {boolean} throws what a getter throws */
function isThenable(value) {
  return value !== null && typeof value === 'object' && typeof value.then === 'function';
}

/**
 * The functions that see each message of one end: left to right when sending, right to left when
 * receiving.
 */
class Middleware {
  /** Never changed in place: a message under way meets those that were there when it set out. */
  #functions;

  /** @param {Function[]} [functions] */
  constructor(functions = []) {
    this.#functions = functions;
  }

  get isEmpty() {
    return this.#functions.length === 0;
  }

  /** Append one. @param {Function} added @returns {() => void} takes it out again */
  add(added) {
    const own = (context) => added(context); // the same function may be added twice
    this.#functions = [...this.#functions, own];
    return () => {
      this.#functions = this.#functions.filter((one) => one !== own);
    };
  }

  /**
   * What each returns, but undefined and the context itself, becomes context.message.
   * @param {MiddlewareContext} context
   * @returns {Promise<void> | undefined} undefined when all of it is done
   * @throws {HawserError} ERR_HAWSER_MIDDLEWARE, with what was thrown as its cause
   */
  run(context) {
    const functions = this.#functions;
    return context.direction === 'send'
      ? runFrom(functions, context, 0, 1)
      : runFrom(functions, context, functions.length - 1, -1);
  }
}

function runFrom(functions, context, i, step) {
  for (; i >= 0 && i < functions.length; i += step) {
    let value;
    let later;
    try {
      value = functions[i](context);
      later = isThenable(value);
    } catch (error) {
      throw failure(context, error);
    }
    if (later) return runLater(value, functions, context, i + step, step);
    if (value !== undefined && value !== context) context.message = value;
  }
  return undefined;
}

async function runLater(promise, functions, context, next, step) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    throw failure(context, error);
  }
  if (value !== undefined && value !== context) context.message = value;
  await runFrom(functions, context, next, step);
}

function failure({ direction, type }, cause) {
  // Each file that is loaded at its start costs a worker time.
  const why = require('./error-values').toError(cause).message;
  return new HawserError(`Middleware error (${direction}) of '${type}': ${why}`, {
    code: 'ERR_HAWSER_MIDDLEWARE',
    cause,
  });
}

module.exports = { Middleware, isThenable };
