'use strict';

/**
 * What the options say of the methods that a worker has announced.
 * @param {string[]} names by number
 * @param {any} options normalized
 * @returns {{ methods: Map<string, number>, timeouts: number[], retries: number[] }}
 *   timeouts in milliseconds and how often a call is tried again, by number
 */
function methodTable(names, { timeouts: { types, message }, crash = null }) {
  return {
    methods: new Map(names.map((name, i) => [name, i])),
    timeouts: names.map((name) => (Object.hasOwn(types, name) ? types[name] : message)),
    retries: names.map((name) => (crash ? (crash.types.get(name) ?? crash.attempts) : 0)),
  };
}

module.exports = { methodTable };
