'use strict';

/** What a worker that is no Node program cannot have. */

const { UnsupportedError } = require('./errors');

const OF_NODE = ['execArgv', 'execPath'];
const LATER = ['socketPath', 'detached', 'connection'];
/** Their formats are those of JavaScript values. */
const OF_JAVASCRIPT = ['structured', 'v8'];

/**
 * @param {any} options of createWorker, driver 'native'
 * @throws {TypeError | UnsupportedError} naming the option
 */
function checkNative(options) {
  for (const name of OF_NODE.filter((one) => options[one] !== undefined))
    throw new TypeError(
      `option '${name}' is for Node: driver 'native' starts the script itself, with argv`,
    );
  for (const name of LATER.filter((one) => options[one] !== undefined && options[one] !== false))
    throw new UnsupportedError(`option '${name}' is not available with driver 'native'`);
  if (OF_JAVASCRIPT.includes(options.serializer))
    throw new UnsupportedError(
      `serializer '${options.serializer}' is not available with driver 'native'`,
    );
}

module.exports = { checkNative };
