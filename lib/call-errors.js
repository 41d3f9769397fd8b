'use strict';

/** What a call rejects with for reasons that are the host's. */

const errors = require('./errors');

const closedError = () => new errors.WorkerClosedError('Worker closed');

const overloadedError = () => new errors.OverloadedError('too many calls wait for the worker');

/** @param {unknown} type */
function unknownTypeError(type) {
  return new errors.UnknownTypeError(`Unknown message type: ${String(type)}`, {
    messageType: type,
  });
}

/** @param {{ type: string, timeout: number }} call @param {'queue' | 'run'} phase */
function timeoutError({ type, timeout }, phase) {
  const text = `Request timeout after ${timeout}ms: ${type}`;
  return new errors.TimeoutError(text, { phase, timeout });
}

/** A call that cannot wait for the next worker. @param {string} type */
function restartingError(type) {
  return new errors.WorkerCrashedError('Worker crashed and is being started again', {
    messageType: type,
  });
}

/** @param {any} cause the error of the last start @param {string} [type] of the call */
function hopelessError(cause, type) {
  const text = `Worker crashed and could not be started again: ${cause.message}`;
  const details = { reason: { type: 'error', error: cause }, messageType: type, cause };
  return new errors.WorkerCrashedError(text, { ...details, stderrTail: cause.stderrTail });
}

/** @param {string} type @param {number} attempts @param {Error} cause the last death */
function poisonError(type, attempts, cause) {
  const text = `'${type}' killed each of the ${attempts} workers that it met`;
  return new errors.PoisonMessageError(text, { messageType: type, attempts, cause });
}

module.exports = {
  closedError,
  overloadedError,
  unknownTypeError,
  timeoutError,
  restartingError,
  hopelessError,
  poisonError,
};
