'use strict';

/** Bytes as they are, whatever a class of the user's says of them. */

const TypedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype);
const getterOf = (/** @type {string} */ name) =>
  /** @type {any} */ (Object.getOwnPropertyDescriptor(TypedArrayPrototype, name)).get;
const bufferOf = getterOf('buffer');
const offsetOf = getterOf('byteOffset');
const lengthOf = getterOf('byteLength');

/** @param {Uint8Array} bytes of any realm @returns {number} how many they are */
function byteLengthOf(bytes) {
  return lengthOf.call(bytes);
}

/** @param {Uint8Array} bytes of any realm @returns {Uint8Array} the same, whose length is its own */
function plainBytes(bytes) {
  const isPlain = Object.getPrototypeOf(bytes) === Buffer.prototype;
  if (isPlain && !Object.hasOwn(bytes, 'length')) return bytes;
  return Buffer.from(bufferOf.call(bytes), offsetOf.call(bytes), lengthOf.call(bytes));
}

module.exports = { byteLengthOf, plainBytes };
