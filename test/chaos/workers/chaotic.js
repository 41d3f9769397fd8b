'use strict';

const { setImmediate: turn } = require('node:timers/promises');

const forever = () => new Promise(() => {});

function refuse({ i }) {
  throw Object.assign(new RangeError(`refused ${i}`), { code: 'E_REFUSED' });
}

async function later(payload) {
  for (let turns = payload.turns; turns > 0; turns--) await turn();
  return payload;
}

/** Answers when its caller has given it up. */
const late = (payload, { deadline }) =>
  new Promise((resolve) => setTimeout(resolve, deadline - Date.now() + 20, payload));

const exit = () => process.exit(7);

module.exports = {
  echo: (payload) => payload,
  charge: (payload) => payload, // of a type that is not tried again
  later,
  chargeLater: later,
  refuse,
  refuseLater: async (payload) => refuse(await later(payload)),
  late,
  chargeLate: late,
  exit, // of a type that is not tried again
  poison: exit,
  kill: () => {
    process.kill(process.pid, 'SIGKILL');
    return forever();
  },
  // Ends the first worker that it meets.
  exitOf: (payload) => (payload.pid === process.pid ? exit() : payload),
  answerAndExit: (payload) => {
    process.nextTick(exit);
    return payload;
  },
  note: () => {}, // posted
};
