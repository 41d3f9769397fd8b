'use strict';

/*
 * What the tests of this folder do is drawn from a number, which their titles tell. What fails can be
 * seen again:
 *
 *     HAWSER_CHAOS_SEED=<number> npx mocha test/chaos
 */
const SEED = Number(process.env.HAWSER_CHAOS_SEED ?? 20_261_121);
/** Of both transports together. */
const CALLS = Number(process.env.HAWSER_CHAOS_CALLS ?? 100_000);

module.exports = { SEED, CALLS };
