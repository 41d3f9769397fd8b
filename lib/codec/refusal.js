'use strict';

const { inspect } = require('node:util');
const { SerializationError } = require('../errors');

/** A text: as a literal it would cost every start of a worker half a millisecond. */
const IDENTIFIER = '^[\\p{ID_Start}$_][\\p{ID_Continue}$]*$';
const MAX_KEY_TEXT = 64;
const MAX_PATH_TEXT = 2000;

/** Why a value cannot be sent; becomes a SerializationError once its path is known. */
class Refusal {
  /** @param {string} what */
  constructor(what) {
    this.what = what;
  }
}

/** A step of a path that is neither an index nor a property, such as `.get("key")`. */
class Step {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }
}

/** @param {any} step */
function stepText(step) {
  if (step instanceof Step) return step.text;
  if (typeof step === 'number') return `[${step}]`;
  const key = step.length > MAX_KEY_TEXT ? `${step.slice(0, MAX_KEY_TEXT)}…` : step;
  return new RegExp(IDENTIFIER, 'u').test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** The step into entry `i` of a Map. @param {unknown} key @param {number} i @param {boolean} isKey */
function mapStep(key, i, isKey) {
  if (isKey) return new Step(`.keys()[${i}]`);
  const named = typeof key === 'string' || typeof key === 'number';
  return new Step(named ? `.get(${inspect(key).slice(0, MAX_KEY_TEXT)})` : `.values()[${i}]`);
}

/** @param {unknown[]} trail from the innermost step outwards */
function pathOf(trail) {
  const path = `payload${trail.map(stepText).reverse().join('')}`;
  if (path.length <= MAX_PATH_TEXT) return path;
  return `${path.slice(0, MAX_PATH_TEXT / 2)}…${path.slice(-MAX_PATH_TEXT / 2)}`;
}

/** What a getter may throw is anything. @param {any} thrown */
function messageOf(thrown) {
  try {
    return String(thrown?.message ?? thrown);
  } catch {
    return 'something that has no text';
  }
}

/**
 * @param {unknown} thrown
 * @param {unknown[]} trail
 * @returns {Error}
 */
function refusalError(thrown, trail) {
  const path = pathOf(trail);
  if (thrown instanceof Refusal)
    return new SerializationError(`${path} cannot be sent: ${thrown.what}`, { path });
  return new SerializationError(`${path} cannot be read: ${messageOf(thrown)}`, {
    path,
    cause: thrown,
  });
}

module.exports = { Refusal, Step, mapStep, pathOf, refusalError };
