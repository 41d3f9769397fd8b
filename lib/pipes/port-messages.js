'use strict';

/**
 * What two pipes say to each other over a MessagePort. The words are those of an older protocol,
 * { type: 'pause' | 'resume' | 'end' | 'data', payload }, in which any other value is data. What
 * hawser adds stands in `hawser`: in a resume, which an older peer takes for what it always was,
 * or in a data message, of which none goes to a peer that has not shown that it knows them.
 */

const { serializeError } = require('../error-values');

const VERSION = 1;
const WORDS = new Set(['pause', 'resume', 'end', 'data']);

const PAUSE = { type: 'pause' };
const RESUME = { type: 'resume' };
const END = { type: 'end' };

/**
 * How far the other end may write, as an offset from the beginning of the pipe.
 * @param {{ objectMode: boolean, limit: number, seen: boolean }} grant limit: items or bytes;
 *   seen: the other end is known to speak hawser, and will be spoken to so from now on
 */
const grantMessage = ({ objectMode, limit, seen }) => ({
  type: 'resume',
  hawser: { version: VERSION, objectMode, limit, seen },
});

/** @param {Error | null} error that the pipe was destroyed with */
const abortMessage = (error) => ({
  type: 'resume',
  hawser: { version: VERSION, abort: true, error: error && serializeError(error) },
});

/** The same without what else the error carries: some of it could not be cloned. @param {Error} error */
function bareAbortMessage(error) {
  const {
    class: className,
    name,
    message,
    stack,
    code,
  } = /** @type {any} */ (serializeError(error));
  const known = typeof code === 'string' || typeof code === 'number' ? { code } : {};
  const bare = { name, message, stack, ...(className === undefined ? {} : { class: className }) };
  return {
    type: 'resume',
    hawser: { version: VERSION, abort: true, error: { ...bare, ...known } },
  };
}

/** For any peer. @param {unknown} payload @param {boolean} [isBuffer] of the payload */
const dataMessage = (payload, isBuffer = false) =>
  isBuffer ? { type: 'data', payload, hawser: { isBuffer } } : { type: 'data', payload };

/**
 * For a peer that speaks hawser.
 * @param {unknown} payload an array of values, or bytes
 * @param {number[]} [buffers] at which indices of it there are Buffers
 */
const batchMessage = (payload, buffers) => ({
  type: 'data',
  payload,
  hawser: { batch: true, buffers },
});

/**
 * The word that a message says. A getter of a prototype, as the `type` of a Blob, is none.
 * @param {any} message
 * @returns {'pause' | 'resume' | 'end' | 'data' | 'raw'}
 */
function wordOf(message) {
  const isObject = typeof message === 'object' && message !== null;
  if (!isObject || !Object.hasOwn(message, 'type') || !WORDS.has(message.type)) return 'raw';
  return message.type;
}

/** @param {any} message @returns {any} what hawser has added to it, or null */
function additionOf(message) {
  const { hawser } = message;
  return typeof hawser === 'object' && hawser !== null ? hawser : null;
}

/** @param {any} addition of a resume */
function isGrant({ objectMode, limit }) {
  return typeof objectMode === 'boolean' && Number.isSafeInteger(limit) && limit >= 0;
}

/** Give Buffers back what cloning took from them. @param {any[]} values @param {any} indices */
function restoreBuffers(values, indices) {
  if (!Array.isArray(indices)) return;
  for (const at of indices) {
    const { [at]: bytes } = values;
    if (bytes instanceof Uint8Array) values[at] = asBuffer(bytes);
  }
}

/** @param {Uint8Array} bytes */
const asBuffer = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

module.exports = {
  VERSION,
  PAUSE,
  RESUME,
  END,
  grantMessage,
  abortMessage,
  bareAbortMessage,
  dataMessage,
  batchMessage,
  wordOf,
  additionOf,
  isGrant,
  restoreBuffers,
  asBuffer,
};
