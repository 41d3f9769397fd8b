'use strict';

/** What opens a pipe, checked once, here. */

const { checkNames, integer, serializerOf, wrong } = require('./options');

const MAX_MARK = 16 * 1024 * 1024;
const MAX_NAME_BYTES = 1024;
/** In flight: items in object mode, else bytes. */
const DEFAULT_MARKS = { items: 1024, bytes: 256 * 1024 };
const NAMES = ['objectMode', 'highWaterMark', 'signal'];
const PIPE = { what: 'pipe option', known: NAMES, later: [] };
/** Of a pipe to a program that is not ours: it says how a value becomes bytes. */
const FOREIGN = { what: 'pipe option', known: [...NAMES, 'serializer'], later: [] };

/**
 * @typedef {object} PipeOptions
 * @property {boolean} objectMode
 * @property {number} highWaterMark items in object mode, else bytes
 * @property {AbortSignal} [signal]
 * @property {any} [serializer] only of a foreign pipe
 */

/**
 * @param {any} [given]
 * @returns {PipeOptions} checked and complete
 * @throws {TypeError | RangeError} naming the option, what it must be and what it was
 */
function pipeOptions(given = {}) {
  checkNames(given, PIPE);
  return read(given);
}

/** As pipeOptions(), with a serializer. @param {any} [given] @returns {PipeOptions} */
function foreignPipeOptions(given = {}) {
  checkNames(given, FOREIGN);
  const { serializer = 'json' } = given;
  return { ...read(given), serializer: serializerOf(serializer) };
}

function read({ objectMode = false, highWaterMark, signal }) {
  if (typeof objectMode !== 'boolean') throw wrong('objectMode', 'a boolean', objectMode);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw wrong('signal', 'an AbortSignal', signal);
  const usual = objectMode ? DEFAULT_MARKS.items : DEFAULT_MARKS.bytes;
  const mark = highWaterMark === undefined ? usual : highWaterMark;
  return { objectMode, highWaterMark: integer('highWaterMark', mark, 1, MAX_MARK), signal };
}

/** @param {unknown} name @returns {string} the same @throws {TypeError | RangeError} */
function pipeName(name) {
  if (typeof name !== 'string' || name === '' || name.includes('\0'))
    throw wrong('name', 'a string that is not empty and has no NUL', name);
  const bytes = Buffer.byteLength(name);
  if (bytes <= MAX_NAME_BYTES) return name;
  throw new RangeError(`the name of a pipe has ${bytes} bytes, at most ${MAX_NAME_BYTES}`);
}

module.exports = { pipeOptions, foreignPipeOptions, pipeName };
