'use strict';

/** The states of a Worker, and which may follow which. */
const NEXT = {
  starting: ['connecting', 'ready', 'closing', 'crashed'],
  connecting: ['ready', 'restarting', 'disconnected', 'closing', 'crashed'],
  ready: ['restarting', 'disconnected', 'closing', 'crashed'],
  restarting: ['connecting', 'ready', 'closing', 'crashed'],
  disconnected: ['connecting', 'ready', 'restarting', 'closing', 'crashed'],
  closing: ['closed'],
  closed: [],
  crashed: [],
};

/** @param {string} before @param {string} now @throws {Error} where the table has no such step */
function checkTransition(before, now) {
  if (!NEXT[before].includes(now)) throw new Error(`Worker cannot become ${now} from ${before}`);
}

/** Whether a worker of that state is ending, or has ended. @param {string} state */
function isEnd(state) {
  return state === 'closing' || state === 'closed' || state === 'crashed';
}

module.exports = { NEXT, isEnd, checkTransition };
