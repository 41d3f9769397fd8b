'use strict';

/** Of a connection whose pipe is not open yet. */

exports.START_TIMEOUT = 10_000; // milliseconds
/** Of connections that have not opened theirs; one more closes the oldest. */
exports.MAX_UNKNOWN = 64;
