'use strict';

/** Names of streams that belong to a call (P11.15). Those of pipes have no NUL. */

const RESULTS = 'r';
const PAYLOAD = 'p';
const MARK = '\0';

/** @param {string} what RESULTS or PAYLOAD @param {number} slot of the call @param {number} generation */
function streamName(what, slot, generation) {
  return `${MARK}${what}${slot}.${generation}`;
}

/** @param {string} name @returns {boolean} whether it is one of these */
function isOfCall(name) {
  return name.startsWith(MARK);
}

module.exports = { RESULTS, PAYLOAD, streamName, isOfCall };
