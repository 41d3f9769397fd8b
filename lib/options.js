'use strict';

/** What createWorker accepts, checked once, here. */

const { fileURLToPath } = require('node:url');
const path = require('node:path');
const { inspect } = require('node:util');
const { BUILT_IN_NAMES } = require('./codec');
const { UnsupportedError } = require('./errors');

const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const MAX_TIMEOUT = 0x7fffffff;
const DEFAULT_TIMEOUTS = { startup: 10_000, message: 300_000 };
const ALIASES = { WORKER_STARTUP: 'startup', WORKER_MESSAGE: 'message', SERVER_CONNECT: 'connect' };
const KNOWN = new Set(
  (
    'script workerScript filename driver transport workerData argv execArgv execPath env cwd name stdio ' +
    'serializer timeout highWaterMark maxMessageBytes spin shutdownTimeout signal'
  ).split(' '),
);

function wrong(name, expected, got) {
  return new TypeError(`option '${name}' must be ${expected}, got ${inspect(got, { depth: 0 })}`);
}

function oneOf(options, name, values) {
  const value = options[name] ?? values[0];
  if (!values.includes(value)) throw wrong(name, `one of ${values.join(', ')}`, value);
  return value;
}

function integer(name, value, least, most) {
  if (typeof value !== 'number') throw wrong(name, 'a number', value);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(
    `option '${name}' must be an integer from ${least} to ${most}, got ${value}`,
  );
}

function strings(options, name) {
  const value = options[name] ?? [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw wrong(name, 'an array of strings', value);
}

function scriptOf(options) {
  const given = ['script', 'workerScript', 'filename'].filter(
    (name) => options[name] !== undefined,
  );
  if (given.length !== 1) {
    throw new TypeError(
      `exactly one of script, workerScript and filename must be given, got ${given.length}`,
    );
  }
  const value = options[given[0]];
  if (value instanceof URL || (typeof value === 'string' && value.startsWith('file:')))
    return fileURLToPath(value);
  if (typeof value === 'string' && value !== '' && !value.includes('\0'))
    return path.resolve(options.cwd ?? '', value);
  throw wrong(given[0], 'a path or a file: URL', value);
}

function timeoutsOf(timeout = {}) {
  if (typeof timeout === 'number') {
    const message = integer('timeout', timeout, 0, MAX_TIMEOUT);
    const startup = message === 0 ? 0 : Math.max(message, DEFAULT_TIMEOUTS.startup);
    return { startup, message, types: {} };
  }
  if (typeof timeout !== 'object' || timeout === null)
    throw wrong('timeout', 'a number or an object', timeout);
  const types = {};
  for (const [key, value] of Object.entries(timeout)) {
    if (value === undefined) continue;
    types[ALIASES[key] ?? key] = integer(`timeout.${key}`, value, 0, MAX_TIMEOUT);
  }
  return { ...DEFAULT_TIMEOUTS, ...pick(types, ['startup', 'message']), types };
}

function pick(object, names) {
  return Object.fromEntries(
    names.filter((name) => name in object).map((name) => [name, object[name]]),
  );
}

/** @param {{ bytes?: number, messages?: number }} [mark] */
function highWaterOf(mark = {}) {
  if (typeof mark !== 'object' || mark === null) throw wrong('highWaterMark', 'an object', mark);
  for (const name of Object.keys(mark)) {
    if (name !== 'bytes' && name !== 'messages')
      throw new TypeError(`unknown option 'highWaterMark.${name}'`);
  }
  return {
    bytes: integer('highWaterMark.bytes', mark.bytes ?? 1024 * 1024, 1, MAX_MESSAGE_BYTES),
    messages: integer('highWaterMark.messages', mark.messages ?? 65_536, 1, 65_536),
  };
}

/** 'structured' and the like, or an object with serialize and deserialize. */
function serializerOf(serializer = /** @type {any} */ ('structured')) {
  if (serializer === 'msgpack')
    throw new UnsupportedError("serializer 'msgpack' comes with the native driver");
  if (BUILT_IN_NAMES.includes(serializer)) return serializer;
  const fits =
    typeof serializer?.serialize === 'function' && typeof serializer.deserialize === 'function';
  if (fits) return serializer;
  throw wrong('serializer', `one of ${BUILT_IN_NAMES.join(', ')} or a Serializer`, serializer);
}

function spinOf(spin = 'auto') {
  return spin === 'auto' ? 50 : integer('spin', spin, 0, 1000);
}

function checkDriver(options) {
  const driver = oneOf(options, 'driver', ['process', 'thread', 'native', 'inline']);
  if (driver !== 'process') throw new UnsupportedError(`driver '${driver}' is not available yet`);
}

/** @param {object} options as createWorker got them */
function normalizeOptions(options) {
  if (typeof options !== 'object' || options === null)
    throw new TypeError('options must be an object');
  for (const name of Object.keys(options)) {
    if (options[name] !== undefined && !KNOWN.has(name))
      throw new TypeError(`unknown option '${name}'`);
  }
  checkDriver(options);
  const { signal, env, name } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw wrong('signal', 'an AbortSignal', signal);
  if (env !== undefined && (typeof env !== 'object' || env === null))
    throw wrong('env', 'an object', env);
  if (name !== undefined && typeof name !== 'string') throw wrong('name', 'a string', name);
  return {
    script: scriptOf(options),
    transport: oneOf(options, 'transport', ['auto', 'shm', 'socket']),
    stdio:
      options.stdio === undefined
        ? 'default'
        : oneOf(options, 'stdio', ['inherit', 'pipe', 'ignore']),
    argv: strings(options, 'argv'),
    execArgv: options.execArgv === undefined ? process.execArgv : strings(options, 'execArgv'),
    execPath: options.execPath ?? process.execPath,
    cwd: options.cwd,
    env: env ?? process.env,
    name,
    signal,
    workerData: options.workerData,
    serializer: serializerOf(options.serializer),
    timeouts: timeoutsOf(options.timeout),
    highWaterMark: highWaterOf(options.highWaterMark),
    maxMessageBytes: integer(
      'maxMessageBytes',
      options.maxMessageBytes ?? MAX_MESSAGE_BYTES,
      1,
      MAX_MESSAGE_BYTES,
    ),
    spin: spinOf(options.spin),
    shutdownTimeout: integer('shutdownTimeout', options.shutdownTimeout ?? 5000, 0, MAX_TIMEOUT),
  };
}

/** @param {number | undefined} timeout of one call */
function callTimeout(timeout) {
  return integer('timeout', timeout, 0, MAX_TIMEOUT);
}

module.exports = { normalizeOptions, serializerOf, callTimeout, MAX_MESSAGE_BYTES };
