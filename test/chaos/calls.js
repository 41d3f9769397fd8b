'use strict';

const assert = require('node:assert/strict');
const { ALL } = require('./kinds');
const { payloadOf } = require('./payloads');

const SHARED = 1 / 20; // of all calls heed the signal that several share
const LONG = 1 / 20; // have a timeout that does not come

/**
 * @typedef {object} Call
 * @property {number} i
 * @property {string} kind
 * @property {any} payload what is to be answered
 * @property {any} sent the same, or what stands for it
 * @property {object} [options] of send()
 * @property {number} [timeout]
 * @property {number} grace where its abort terminates
 * @property {AbortSignal} [signal]
 * @property {AbortController} [controller] of its signal, where that is its own
 * @property {number} told how many of its events were heard
 * @property {boolean} hasSettled
 */

/** @returns {Call} */
function callOf(kind, { i, dice, act, isBinary, isAborted }) {
  const { payload: change, timeout: most } = ALL[kind];
  const payload = payloadOf(dice, i, isBinary);
  const sent = change === undefined ? payload : change(payload, dice, act);
  const call = { i, kind, payload, sent, told: 0, hasSettled: false };
  if (most !== undefined) call.timeout = dice.int(1, most);
  else if (dice.chance(LONG)) call.timeout = 100_000 + i;
  if (isAborted) call.controller = new AbortController();
  if (isAborted || dice.chance(SHARED)) call.signal = (call.controller ?? act.shared).signal;
  call.grace = dice.int(0, 20);
  call.options = optionsOf(call, act);
  return call;
}

function optionsOf(call, act) {
  const { kind, timeout, signal } = call;
  const onProgress = kind === 'tell' ? progressOf(call, act) : undefined;
  if (ALL[kind].isTerminated) return { timeout, signal, abort: 'terminate', grace: call.grace };
  if (timeout === undefined && signal === undefined && !onProgress) return undefined;
  return { timeout, signal, onProgress };
}

/** In order, from the first again where the call is tried again, and not when it has settled. */
function progressOf(call, act) {
  let next = 0;
  return (n) =>
    act.check(`progress of ${call.i}`, undefined, () => {
      assert.ok(!call.hasSettled, 'it has settled');
      assert.ok(n < call.sent.count && (n >= next || act.isDeadly), `${n} came behind ${next - 1}`);
      next = n + 1;
    });
}

module.exports = { callOf };
