'use strict';

const handlers = require('./handlers.js');

/**
 * The far end of every rival: run what a message asks for. A message without a type is an echo, so
 * that rivals carry as few bytes as they can; a message without an id wants no answer.
 *
 * @param {{ id?: number, type?: string, value: unknown }} message
 * @param {(answer: { id: number, value: unknown }) => void} reply
 */
module.exports = function answer({ id, type = 'echo', value }, reply) {
  const result = handlers[type](value);
  if (id === undefined) return;
  if (result instanceof Promise) result.then((settled) => reply({ id, value: settled }));
  else reply({ id, value: result });
};
