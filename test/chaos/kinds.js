'use strict';

/** What calls there are, and what may become of each. */

const assert = require('node:assert/strict');
const { assertSame } = require('./payloads');

const UNKNOWN = 'toString'; // what every object has, and the worker does not serve
/** Types that unexpectedShutdown tells to reject. */
const REJECTING = ['charge', 'chargeLater', 'chargeLate', 'exit', 'kill', 'stay', 'loop'];

/**
 * @typedef {object} Kind
 * @property {string} [type] where it is not the kind's name
 * @property {number} weight
 * @property {boolean} [answers] with what was sent
 * @property {string[]} [errors] besides those of a death and an end
 * @property {boolean} [isRefused] at once, so that no worker can lose it
 * @property {boolean} [isTerminated] costs its worker when it is given up
 * @property {number} [timeout] most milliseconds it may be given
 * @property {(payload: any, dice: any, act: any) => any} [payload] what is sent in place of that
 */

const refuseToTravel = () => {
  throw new Error('not in JSON');
};
const turns = (payload, dice) => ({ ...payload, turns: dice.int(0, 20) });

/** @type {Record<string, Kind>} */
const KINDS = {
  echo: { weight: 700, answers: true },
  charge: { weight: 150, answers: true },
  later: { weight: 60, answers: true, payload: turns },
  chargeLater: { weight: 20, answers: true, payload: turns },
  hurried: {
    type: 'later',
    weight: 10,
    answers: true,
    errors: ['TimeoutError'],
    timeout: 20,
    payload: turns,
  },
  wait: { weight: 5, errors: ['TimeoutError'], timeout: 50 },
  tell: {
    weight: 30,
    answers: true,
    errors: ['OverloadedError'], // of what it emits, where the host is far behind
    payload: (payload, dice) => ({ ...payload, count: dice.int(0, 5) }),
  },
  ask: { weight: 30, answers: true }, // the host, which answers with what it was asked
  refuse: { weight: 10, errors: ['RangeError'] },
  refuseLater: { weight: 10, errors: ['RangeError'], payload: turns },
  late: { weight: 5, answers: true, errors: ['TimeoutError'], timeout: 50 },
  chargeLate: { weight: 5, answers: true, errors: ['TimeoutError'], timeout: 50 },
  unknown: { type: UNKNOWN, weight: 5, errors: ['UnknownTypeError'], isRefused: true },
  unsendable: {
    type: 'echo',
    weight: 5,
    errors: ['SerializationError'],
    isRefused: true,
    payload: (payload) => ({ ...payload, body: { toJSON: refuseToTravel } }),
  },
  tooLarge: {
    type: 'echo',
    weight: 0.1,
    errors: ['TooLargeError'],
    isRefused: true,
    payload: (payload) => ({ ...payload, body: 'x'.repeat(9 * 1024 * 1024) }),
  },
  // A getter of its payload makes another call.
  nested: {
    type: 'echo',
    weight: 10,
    answers: true,
    payload: (payload, dice, act) => ({
      ...payload,
      get more() {
        act.ask();
        return payload.more;
      },
    }),
  },
};

/** Calls that end their worker: they are not made by chance alone, but where one is to die. */
const DEADLY = {
  exit: { weight: 0 },
  kill: { weight: 0 },
  poison: { weight: 0 },
  stay: { weight: 0, errors: ['TimeoutError'], timeout: 50, isTerminated: true },
  loop: { weight: 0, errors: ['TimeoutError'], timeout: 50, isTerminated: true },
  exitOf: {
    weight: 0,
    answers: true,
    payload: (payload, dice, { worker }) => ({ ...payload, pid: worker.pid }),
  },
  answerAndExit: { weight: 0, answers: true },
};

const ALL = { ...KINDS, ...DEADLY };
const WEIGHTS = Object.fromEntries(
  Object.entries(KINDS).map(([name, { weight }]) => [name, weight]),
);
const typeOf = (kind) => ALL[kind].type ?? kind;

/** How often a call of that type is tried again. */
function attemptsOf({ unexpectedShutdown: { strategy, attempts } }, type) {
  return strategy === undefined || REJECTING.includes(type) ? 0 : attempts;
}

/** Checks that a call of this kind may be answered so. */
function checkAnswer({ kind, payload, sent, told }, answer) {
  assert.ok(ALL[kind].answers, `a call of ${kind} was answered`);
  assertSame(answer, payload);
  if (kind === 'tell') assert.ok(told >= sent.count, `${told} of ${sent.count} events were heard`);
}

/** Checks that a call may fail so, after what has been done to its worker. */
function checkError(call, error, act) {
  if (call.signal?.aborted && error === call.signal.reason) return;
  const { errors = [], isRefused } = ALL[call.kind];
  switch (error.name) {
    case 'WorkerCrashedError':
      assert.ok(act.isDeadly, 'nothing has killed a worker');
      if (!isRefused) checkTries(call, error, act);
      return;
    case 'PoisonMessageError':
      assert.ok(act.isDeadly, 'nothing has killed a worker');
      assert.ok(act.attemptsOf(typeOf(call.kind)) > 0, 'it is not tried again');
      assert.equal(error.attempts, act.attemptsOf(typeOf(call.kind)) + 1);
      return;
    case 'WorkerClosedError':
      assert.ok(act.isEnding || act.isSeparated, 'nobody has closed the worker');
      return;
    default:
      assert.ok(errors.includes(error.name), `a call of ${call.kind} failed`);
      if (error.name === 'TimeoutError') assert.equal(error.timeout, call.timeout);
      if (error.name === 'RangeError')
        assert.deepEqual([error.message, error.code], [`refused ${call.i}`, 'E_REFUSED']);
  }
}

/** It had all the tries that its type has. */
function checkTries(call, { attempt, maxAttempts, messageType }, act) {
  assert.equal(messageType, typeOf(call.kind));
  assert.equal(attempt, maxAttempts);
  if (!act.hasCrashed) assert.equal(maxAttempts, act.attemptsOf(messageType) + 1);
}

module.exports = { ALL, WEIGHTS, REJECTING, attemptsOf, typeOf, checkAnswer, checkError };
