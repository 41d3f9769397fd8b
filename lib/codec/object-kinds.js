'use strict';

const { types } = require('node:util');

/** Objects with this prototype are plain: their own enumerable properties are all there is to them. */
const PLAIN = 0;
/** They may have internal state; structuredClone decides what none of our own checks knows. */
const EXOTIC = 1;

const sourceOf = Function.prototype.toString;
/** @type {WeakMap<object, number>} */
const kinds = new WeakMap();

/**
 * @param {object} prototype
 * @returns {number} PLAIN or EXOTIC
 */
function kindOf(prototype) {
  let kind = kinds.get(prototype);
  if (kind === undefined) kinds.set(prototype, (kind = findKind(prototype)));
  return kind;
}

/** @param {object} prototype */
function findKind(prototype) {
  for (let p = prototype; p !== null && p !== Object.prototype; p = Object.getPrototypeOf(p)) {
    if (types.isProxy(p) || isHostPrototype(p)) return EXOTIC;
  }
  return PLAIN;
}

/**
 * Whether `p` belongs to the language or to Node rather than to somebody's class.
 * @param {any} p
 */
function isHostPrototype(p) {
  const { value, get } = Object.getOwnPropertyDescriptor(p, 'constructor') ?? {};
  if (get !== undefined) return true;
  if (value === undefined) return Object.hasOwn(p, Symbol.toStringTag);
  if (typeof value !== 'function') return true;
  if (value.name === 'Object' && Object.getPrototypeOf(p) === null) return false;
  if (sourceOf.call(value).includes('[native code]')) return true;
  const global = Object.getOwnPropertyDescriptor(globalThis, value.name);
  return global?.value === value || global?.get !== undefined || hasCloneMethod(p);
}

/**
 * Node marks what it can post to another thread (KeyObject, Blob, FileHandle) by such symbols.
 * @param {any} p
 */
function hasCloneMethod(p) {
  return Object.getOwnPropertySymbols(p).some((s) =>
    /^messaging_|clone|transfer/.test(s.description ?? ''),
  );
}

/**
 * Whether structuredClone makes a plain object of `value`, which no check of ours recognised: it does
 * of a URL, and not of a WeakRef.
 * @param {object} value
 */
function clonesToPlain(value) {
  try {
    const clone = structuredClone(value);
    return Object.getPrototypeOf(clone) === Object.prototype;
  } catch {
    return false;
  }
}

module.exports = { PLAIN, kindOf, clonesToPlain };
