'use strict';

const { inspect, types } = require('node:util');
const hawserErrors = require('./errors');

const MAX_NAME_TEXT = 256;
const MAX_TEXT = 64 * 1024;
const MAX_CHAIN = 100;
/** Fields of their own in every form of an error: no property may stand in for them. */
const FIELDS = new Set(['name', 'message', 'stack']);

/** @typedef {import('../types').SerializedError & { class?: string }} SerializedError */

/** @type {Map<string, Function>} */
const standard = new Map(
  [
    Error,
    TypeError,
    RangeError,
    SyntaxError,
    ReferenceError,
    EvalError,
    URIError,
    AggregateError,
  ].map((ctor) => [ctor.name, ctor]),
);
/** @type {Map<string, Function>} */
const registered = new Map(Object.entries(hawserErrors));

/**
 * Let errors of this class be rebuilt as instances of it when they arrive. Its constructor is not
 * run: an error gets the class's prototype and its own properties.
 * @param {new (...args: any[]) => Error} ctor
 * @throws {TypeError} when it is not a named class of errors, or its name is a standard one
 */
function registerErrorClass(ctor) {
  if (typeof ctor !== 'function' || !(ctor.prototype instanceof Error) || !ctor.name) {
    throw new TypeError(`ctor must be a named class that extends Error, got ${inspect(ctor)}`);
  }
  if (standard.has(ctor.name) || hawserErrors[ctor.name] !== undefined) {
    throw new TypeError(`ctor must not have the name of a standard class, got ${ctor.name}`);
  }
  registered.set(ctor.name, ctor);
}

/** @param {unknown} value */
function isError(value) {
  return types.isNativeError(value) || value instanceof Error || value instanceof DOMException;
}

/** Whatever a getter or a Proxy throws counts as undefined. */
function attempt(read, ...args) {
  try {
    return read(...args);
  } catch {
    return undefined;
  }
}

const readProperty = (object, key) => object[key];

function textOf(error, key, limit) {
  const text = attempt(readProperty, error, key);
  return typeof text === 'string' ? text.slice(0, limit) : undefined;
}

/** The name of the class of an error: of the first prototype that has a constructor. */
function classNameOf(error) {
  for (let p = Object.getPrototypeOf(error); p !== null; p = Object.getPrototypeOf(p)) {
    const ctor = Object.getOwnPropertyDescriptor(p, 'constructor')?.value;
    if (typeof ctor === 'function' && typeof ctor.name === 'string' && ctor.name) return ctor.name;
  }
  return 'Error';
}

/**
 * What every error is described by.
 * @param {any} error
 * @param {{ message: number, stack: number }} limits in characters
 */
function describe(error, limits) {
  const className = (attempt(classNameOf, error) ?? 'Error').slice(0, MAX_NAME_TEXT);
  const name = textOf(error, 'name', MAX_NAME_TEXT) ?? className;
  const message = textOf(error, 'message', limits.message) ?? '';
  const stack = textOf(error, 'stack', limits.stack);
  return { className, name, message, stack };
}

/** Keys of what else an error carries (P10.3), the important ones first. @param {any} error */
function propertyKeys(error) {
  const keys = (attempt(Object.keys, error) ?? []).filter((key) => !FIELDS.has(key));
  const rest = keys.filter((key) => key !== 'code' && key !== 'cause' && key !== 'errors');
  const code = attempt(readProperty, error, 'code');
  const hasCode =
    typeof code === 'string' || (typeof code === 'number' && !(error instanceof DOMException));
  const chain = ['cause', 'errors'].filter((key) => attempt(Object.hasOwn, error, key));
  return [...(hasCode || keys.includes('code') ? ['code'] : []), ...rest, ...chain];
}

/** The name by which an error is known where its class is not: its own, or else its class's. */
function knownAs(className, name) {
  return standard.has(name) && !standard.has(className) ? className : name;
}

/**
 * An error without its properties. The class is looked up, never run (P10.4).
 * @param {{ className: string, name: string, message?: string, stack?: string }} description
 * @returns {Error}
 */
function rebuild({ className, name, message, stack }) {
  if (className === 'DOMException') return withStack(new DOMException(message, name), stack);
  const ctor =
    registered.get(className) ??
    registered.get(name) ??
    standard.get(className) ??
    hawserErrors.RemoteError;
  const error = bareError(message);
  Object.setPrototypeOf(error, ctor.prototype);
  if (ctor === hawserErrors.RemoteError) {
    setProperty(error, 'code', hawserErrors.RemoteError.code);
    name = knownAs(className, name);
  }
  name = name.slice(0, MAX_NAME_TEXT);
  if (error.name !== name) setHidden(error, 'name', name);
  return withStack(error, stack ?? `${name}: ${error.message}`);
}

/** Without a stack: that of the decoder would say nothing and cost much. */
function bareError(message) {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = new Error(message);
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}

function withStack(error, stack) {
  if (stack !== undefined) setHidden(error, 'stack', stack);
  return error;
}

function setHidden(error, key, value) {
  Object.defineProperty(error, key, {
    value,
    writable: true,
    enumerable: false,
    configurable: true,
  });
}

/** Give a rebuilt error a property, as data whatever its class has under that key. */
function setProperty(error, key, value) {
  if (key === 'cause' || key === 'errors') setHidden(error, key, value);
  else if (!FIELDS.has(key)) {
    Object.defineProperty(error, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
}

/**
 * Whatever was thrown, as an Error (P10.5).
 * @param {unknown} thrown
 * @returns {Error}
 */
function toError(thrown) {
  if (attempt(isError, thrown) && !types.isProxy(thrown)) return /** @type {Error} */ (thrown);
  const isObject = (typeof thrown === 'object' && thrown !== null) || typeof thrown === 'function';
  if (!isObject)
    return typeof thrown === 'symbol'
      ? new Error(String(thrown))
      : new Error(String(thrown), { cause: thrown });
  const message = types.isProxy(thrown) ? undefined : textOf(thrown, 'message', MAX_TEXT);
  return new Error(
    message ??
      attempt(inspect, thrown, { depth: 1, customInspect: false }) ??
      'an object was thrown',
    {
      cause: thrown,
    },
  );
}

/**
 * An error as plain data, for transports that are not hawser's own. Never throws.
 * @param {unknown} error anything that can be thrown
 * @returns {SerializedError}
 */
function serializeError(error) {
  return toData(toError(error), new Set());
}

function toData(error, above) {
  const {
    className,
    name,
    message,
    stack = '',
  } = describe(error, { message: MAX_TEXT, stack: MAX_TEXT });
  const data = /** @type {SerializedError} */ ({ name: knownAs(className, name), message, stack });
  if (className !== data.name) data.class = className;
  above.add(error);
  /** @type {Record<string, unknown>} */
  const properties = {};
  for (const key of propertyKeys(error)) {
    const value = dataOf(attempt(readProperty, error, key), above);
    if (value === undefined) continue;
    if (key === 'code' || key === 'cause' || key === 'errors') data[key] = value;
    else setProperty(properties, key, value);
  }
  if (Object.keys(properties).length > 0) data.properties = properties;
  above.delete(error);
  return data;
}

/** Functions and symbols are dropped, and so is an error that is its own cause. */
function dataOf(value, above) {
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (Array.isArray(value) && value.some(isError)) return value.map((item) => dataOf(item, above));
  if (!attempt(isError, value)) return value;
  return above.has(value) || above.size >= MAX_CHAIN ? undefined : toData(value, above);
}

/**
 * The error that serializeError described: of its class where that is standard, hawser's own or
 * registered, else a RemoteError with its name.
 * @param {SerializedError} serialized
 * @returns {Error}
 */
function deserializeError(serialized) {
  return fromData(serialized, 0);
}

function fromData(data, depth) {
  if (typeof data !== 'object' || data === null) return toError(data);
  const name = textOf(data, 'name', MAX_NAME_TEXT) ?? 'Error';
  const error = rebuild({
    className: textOf(data, 'class', MAX_NAME_TEXT) ?? name,
    name,
    message: textOf(data, 'message', MAX_TEXT) ?? '',
    stack: textOf(data, 'stack', MAX_TEXT) || undefined,
  });
  const { properties } = data;
  if (typeof properties === 'object' && properties !== null) {
    for (const key of Object.keys(properties))
      setProperty(error, key, valueOf(properties[key], depth));
  }
  for (const key of ['code', 'cause', 'errors']) {
    if (Object.hasOwn(data, key)) setProperty(error, key, valueOf(data[key], depth));
  }
  return error;
}

function valueOf(value, depth) {
  if (depth >= MAX_CHAIN) return undefined;
  if (Array.isArray(value)) return value.map((item) => valueOf(item, depth + 1));
  const described =
    typeof value === 'object' &&
    value !== null &&
    ['name', 'message', 'stack'].every((key) => typeof value[key] === 'string');
  return described ? fromData(value, depth + 1) : value;
}

module.exports = {
  serializeError,
  deserializeError,
  registerErrorClass,
  isError,
  toError,
  describe,
  propertyKeys,
  rebuild,
  setProperty,
};
