'use strict';

/** What createWorker accepts, checked once, here. */

const { fileURLToPath } = require('node:url');
const path = require('node:path');
const { inspect } = require('node:util');
const { BUILT_IN_NAMES } = require('./codec');
const { UnsupportedError } = require('./errors');

const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const MAX_TIMEOUT = 0x7fffffff;
const DEFAULT_GRACE = 1000;
const DEFAULT_TIMEOUTS = { startup: 10_000, connect: 30_000, message: 300_000 };
const DEFAULT_HIGH_WATER_MARK = { bytes: 1024 * 1024, messages: 65_536 };
const DEFAULT_SPIN = 50;
/** Of a channel. */
const DEFAULTS = {
  maxMessageBytes: MAX_MESSAGE_BYTES,
  highWaterMark: DEFAULT_HIGH_WATER_MARK,
  spin: DEFAULT_SPIN,
};
const NOTED = ['debug', 'info', 'warn', 'error'];
const ALIASES = new Map([
  ['WORKER_STARTUP', 'startup'],
  ['WORKER_MESSAGE', 'message'],
  ['SERVER_CONNECT', 'connect'],
]);
/** What each function takes, and what of the contract this version does not have yet. */
const WORKER = {
  what: 'option',
  known: words(
    'script workerScript filename driver transport workerData argv execArgv execPath env cwd name',
    'stdio serializer timeout highWaterMark maxMessageBytes spin shutdownTimeout signal',
    'handlers middleware txIdGenerator logger logLevel unexpectedShutdown',
    'socketPath detached connection',
  ),
  later: words('transferList resourceLimits'),
};
const SEND = {
  what: 'send option',
  known: words('timeout signal onProgress metadata abort grace'),
  later: words('transferList priority key'),
};
const SHUTDOWN = { what: 'shutdown option', known: words('timeout'), later: [] };
const SERVER = {
  what: 'server option',
  known: words(
    'serializer middleware txIdGenerator maxConcurrency onStart onShutdown logger logLevel',
    'disconnectBehavior socketPath hostConnectTimeout onPipe',
  ),
  later: [],
};
const HIGH_WATER_MARK = { what: 'option', known: words('bytes messages'), later: [] };

function words(...lines) {
  return lines.join(' ').split(' ');
}

/** Options must be an object, of options that there are. @param {string} [within] whose they are */
function checkNames(options, { what, known, later }, within) {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    if (within !== undefined) throw wrong(within, 'an object', options);
    throw new TypeError(`${what}s must be an object, got ${inspect(options, { depth: 0 })}`);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name) || options[name] === undefined) continue;
    const whole = within === undefined ? name : `${within}.${name}`;
    if (later.includes(name)) throw new UnsupportedError(`${what} '${whole}' is not available yet`);
    throw new TypeError(`unknown ${what} '${whole}'; there are ${known.join(', ')}`);
  }
}

const or = (value, fallback) => (value === undefined ? fallback : value);

function wrong(name, expected, got) {
  return new TypeError(`option '${name}' must be ${expected}, got ${inspect(got, { depth: 0 })}`);
}

function oneOf(options, name, values) {
  const value = options[name] === undefined ? values[0] : options[name];
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
  const value = options[name] === undefined ? [] : options[name];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw wrong(name, 'an array of strings', value);
}

function withScript(options, script) {
  if (options?.script === undefined) return { ...options, script };
  throw new TypeError('script was given twice: as an argument and as an option');
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
  const isUrl = value instanceof URL || (typeof value === 'string' && value.startsWith('file:'));
  const file = isUrl ? fileOf(value) : value;
  if (typeof file !== 'string' || file === '' || file.includes('\0'))
    throw wrong(given[0], 'a path or a file: URL', value);
  return isUrl ? file : path.resolve(options.cwd ?? '', file);
}

function fileOf(url) {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

function timeoutsOf(timeout = {}) {
  if (typeof timeout === 'number') {
    const message = integer('timeout', timeout, 0, MAX_TIMEOUT);
    const raised = (least) => (message === 0 ? 0 : Math.max(message, least));
    const { startup, connect } = DEFAULT_TIMEOUTS;
    return { startup: raised(startup), connect: raised(connect), message, types: {} };
  }
  if (typeof timeout !== 'object' || timeout === null || Array.isArray(timeout))
    throw wrong('timeout', 'a number or an object', timeout);
  const types = {};
  for (const [key, value] of Object.entries(timeout)) {
    if (value === undefined) continue;
    types[ALIASES.get(key) ?? key] = integer(`timeout.${key}`, value, 0, MAX_TIMEOUT);
  }
  return { ...DEFAULT_TIMEOUTS, ...pick(types, ['startup', 'connect', 'message']), types };
}

function pick(object, names) {
  return Object.fromEntries(
    names.filter((name) => name in object).map((name) => [name, object[name]]),
  );
}

/** @param {{ bytes?: number, messages?: number }} [mark] */
function highWaterOf(mark = {}) {
  checkNames(mark, HIGH_WATER_MARK, 'highWaterMark');
  return {
    bytes: integer(
      'highWaterMark.bytes',
      or(mark.bytes, DEFAULT_HIGH_WATER_MARK.bytes),
      1,
      MAX_MESSAGE_BYTES,
    ),
    messages: integer(
      'highWaterMark.messages',
      or(mark.messages, DEFAULT_HIGH_WATER_MARK.messages),
      1,
      65_536,
    ),
  };
}

/** 'structured' and the like, or an object with serialize and deserialize. */
function serializerOf(serializer = /** @type {any} */ ('structured')) {
  if (BUILT_IN_NAMES.includes(serializer)) return serializer;
  const fits =
    typeof serializer?.serialize === 'function' && typeof serializer.deserialize === 'function';
  if (fits) return serializer;
  throw wrong('serializer', `one of ${BUILT_IN_NAMES.join(', ')} or a Serializer`, serializer);
}

/** @param {unknown} [middleware] one function or a list @returns {Function[]} a list */
function checkMiddleware(middleware = []) {
  const list = Array.isArray(middleware) ? [...middleware] : [middleware];
  if (!list.every((one) => typeof one === 'function'))
    throw wrong('middleware', 'a function or an array of functions', middleware);
  return list.map(checkOneMiddleware);
}

/** @param {any} middleware @returns {Function} the same */
function checkOneMiddleware(middleware) {
  if (typeof middleware !== 'function') throw wrong('middleware', 'a function', middleware);
  // (message, direction) and (context, next) would run, and do something else than they say.
  if (middleware.length <= 1) return middleware;
  throw wrong('middleware', 'functions of one argument, the context', middleware);
}

function txIdGeneratorOf(generator) {
  if (generator === undefined || typeof generator === 'function') return generator;
  throw wrong('txIdGenerator', 'a function', generator);
}

/** @param {{ logger?: any, logLevel?: string }} options @returns the same, checked */
function logOf(options) {
  const { logger } = options;
  const isLogger = (one) => NOTED.every((level) => typeof one?.[level] === 'function');
  if (logger !== undefined && !isLogger(logger))
    throw wrong('logger', `an object with ${NOTED.join(', ')}`, logger);
  return {
    logger,
    logLevel: oneOf(options, 'logLevel', ['error', 'debug', 'info', 'warn', 'silent']),
  };
}

function spinOf(spin = 'auto') {
  return spin === 'auto' ? DEFAULT_SPIN : integer('spin', spin, 0, 1000);
}

function checkDriver(options) {
  const driver = oneOf(options, 'driver', ['process', 'thread', 'native', 'inline']);
  if (driver === 'process') return driver;
  if (driver !== 'native') throw new UnsupportedError(`driver '${driver}' is not available yet`);
  require('./native-options').checkNative(options);
  return driver;
}

/** Those that are passed on as they are. */
function checkPlain({ signal, env, name, cwd, execPath }) {
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw wrong('signal', 'an AbortSignal', signal);
  if (env !== undefined && (typeof env !== 'object' || env === null))
    throw wrong('env', 'an object', env);
  if (name !== undefined && typeof name !== 'string') throw wrong('name', 'a string', name);
  if (cwd !== undefined && typeof cwd !== 'string') throw wrong('cwd', 'a path', cwd);
  if (execPath !== undefined && (typeof execPath !== 'string' || execPath === ''))
    throw wrong('execPath', 'a path', execPath);
}

/**
 * @param {object} given as createWorker got them
 * @param {string | URL} [script] where that was an argument of its own
 * @returns the same, checked and complete
 * @throws {TypeError | RangeError | UnsupportedError} naming the option, what it must be and what it was
 */
function normalizeOptions(given, script) {
  checkNames(script === undefined ? given : or(given, {}), WORKER);
  const options = script === undefined ? given : withScript(given, script);
  return { script: scriptOf(options), ...normalizeRest(options) };
}

/**
 * @param {any} given as connectWorker got them
 * @returns the same, checked and complete, as normalizeOptions; script is null
 */
function normalizeJoin(given) {
  checkNames(given, WORKER);
  const named = ['script', 'workerScript', 'filename'].find((name) => given[name] !== undefined);
  if (named !== undefined) throw new TypeError(`option '${named}' is for a worker to be started`);
  if (given.socketPath === undefined) throw wrong('socketPath', 'a path', undefined);
  return { script: null, ...normalizeRest({ ...given, detached: false }) };
}

function normalizeRest(options) {
  const driver = checkDriver(options);
  checkPlain(options);
  const { signal, env, name } = options;
  return {
    driver,
    // Loaded here: workers load this file, too, and few of them have workers of their own.
    ...require('./named-options').namedOf(options),
    transport: oneOf(options, 'transport', ['auto', 'shm', 'socket']),
    stdio:
      options.stdio === undefined
        ? 'default'
        : oneOf(options, 'stdio', ['inherit', 'pipe', 'ignore']),
    argv: strings(options, 'argv'),
    execArgv:
      options.execArgv === undefined
        ? require('./exec-argv').inheritedExecArgv()
        : strings(options, 'execArgv'),
    execPath: options.execPath ?? process.execPath,
    cwd: options.cwd,
    env: env ?? process.env,
    name,
    signal,
    handlers: options.handlers === undefined ? undefined : checkHandlers(options.handlers),
    workerData: options.workerData,
    serializer: serializerOf(or(options.serializer, driver === 'native' ? 'msgpack' : undefined)),
    timeouts: timeoutsOf(options.timeout),
    crash: require('./crash-options').crashOf(options.unexpectedShutdown),
    highWaterMark: highWaterOf(options.highWaterMark),
    maxMessageBytes: integer(
      'maxMessageBytes',
      or(options.maxMessageBytes, MAX_MESSAGE_BYTES),
      1,
      MAX_MESSAGE_BYTES,
    ),
    spin: spinOf(options.spin),
    middleware: checkMiddleware(options.middleware),
    txIdGenerator: txIdGeneratorOf(options.txIdGenerator),
    ...logOf(options),
    shutdownTimeout: integer('shutdownTimeout', or(options.shutdownTimeout, 5000), 0, MAX_TIMEOUT),
  };
}

/**
 * What send() was told.
 * @typedef {object} SendOptions
 * @property {number} [timeout] milliseconds, 0: none
 * @property {AbortSignal} [signal]
 * @property {(value: unknown) => void} [onProgress]
 * @property {Record<string, string>} [metadata]
 * @property {'cooperative' | 'terminate'} [abort]
 * @property {number} [grace] milliseconds; checked, it is given where abort is 'terminate'
 * @param {SendOptions} options
 * @returns {SendOptions} the same, checked but for metadata
 */
function sendOptions(options) {
  checkNames(options, SEND);
  const { signal, onProgress, metadata } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw wrong('signal', 'an AbortSignal', signal);
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw wrong('onProgress', 'a function', onProgress);
  return { timeout: timeoutOf(options), signal, onProgress, metadata, grace: graceOf(options) };
}

/** @param {SendOptions} options @returns {number | undefined} milliseconds, where it may end the worker */
function graceOf(options) {
  const { abort, grace = DEFAULT_GRACE } = options;
  if (abort === undefined && options.grace === undefined) return undefined;
  integer('grace', grace, 0, MAX_TIMEOUT);
  return oneOf(options, 'abort', ['cooperative', 'terminate']) === 'terminate' ? grace : undefined;
}

/** @param {{ timeout?: number }} [options] @returns {number | undefined} what shutdown() was told, milliseconds, 0: none */
function shutdownTimeout(options = {}) {
  checkNames(options, SHUTDOWN);
  return timeoutOf(options);
}

/** @param {{ timeout?: number }} options */
function timeoutOf({ timeout }) {
  return timeout === undefined ? undefined : integer('timeout', timeout, 0, MAX_TIMEOUT);
}

/** What answers requests. @param {Record<string, Function>} handlers */
function checkHandlers(handlers) {
  if (typeof handlers !== 'object' || handlers === null || Array.isArray(handlers))
    throw new TypeError(
      `handlers must be an object of functions, got ${inspect(handlers, { depth: 0 })}`,
    );
  for (const [name, handler] of Object.entries(handlers)) {
    if (typeof handler !== 'function')
      throw new TypeError(
        `handler '${name}' must be a function, got ${inspect(handler, { depth: 0 })}`,
      );
  }
  return handlers;
}

/** Check what startWorkerServer got. */
function checkServer(handlers, options) {
  checkHandlers(handlers);
  checkNames(options, SERVER);
  for (const name of ['onStart', 'onShutdown', 'onPipe']) {
    if (options[name] !== undefined && typeof options[name] !== 'function')
      throw wrong(name, 'a function', options[name]);
  }
  if (options.serializer !== undefined) serializerOf(options.serializer);
  checkMiddleware(options.middleware);
  txIdGeneratorOf(options.txIdGenerator);
  logOf(options);
  const { maxConcurrency } = options;
  if (maxConcurrency !== undefined) integer('maxConcurrency', maxConcurrency, 1, 0x7fffffff);
  checkNamed(options);
}

function checkNamed(options) {
  if (options.socketPath !== undefined) require('./named-socket').socketPathOf(options.socketPath);
  if (options.disconnectBehavior !== undefined)
    oneOf(options, 'disconnectBehavior', ['shutdown', 'keep-alive']);
  if (options.hostConnectTimeout !== undefined)
    integer('hostConnectTimeout', options.hostConnectTimeout, 0, MAX_TIMEOUT);
}

module.exports = {
  normalizeOptions,
  normalizeJoin,
  sendOptions,
  shutdownTimeout,
  checkServer,
  DEFAULTS,
  checkOneMiddleware,
  checkNames,
  integer,
  serializerOf,
  wrong,
};
