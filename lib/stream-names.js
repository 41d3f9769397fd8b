'use strict';

/** Names of streams that belong to a call (P11.15). Those of pipes have no NUL. */

const RESULTS = 'r';
const PAYLOAD = 'p';
const MARK = '\0';
const NAME = /^\0([rp])(\d+\.\d+)$/;

/** @param {string} what RESULTS or PAYLOAD @param {number} slot of the call @param {number} generation */
function streamName(what, slot, generation) {
  return `${MARK}${what}${callName(slot, generation)}`;
}

/** @param {number} slot @param {number} generation */
function callName(slot, generation) {
  return `${slot}.${generation}`;
}

/** @param {string} name @returns {boolean} whether it is one of these */
function isOfCall(name) {
  return name.startsWith(MARK);
}

/** @param {string} name @returns {{ what: string, call: string } | null} call: as callName() */
function partsOf(name) {
  const match = NAME.exec(name);
  return match && { what: match[1], call: match[2] };
}

module.exports = { RESULTS, PAYLOAD, streamName, callName, isOfCall, partsOf };
