'use strict';

/** The package is required after the value was rebuilt. */
exports.isTimeoutError = (value) => value instanceof require('hawser').TimeoutError;
