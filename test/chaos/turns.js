'use strict';

const { setImmediate: turn } = require('node:timers/promises');

/** Lets the loop turn 2^power - 1 times: with a power by chance, few turns are as likely as many. */
async function pass(power) {
  for (let turns = 2 ** power - 1; turns > 0; turns--) await turn();
}

module.exports = { pass };
