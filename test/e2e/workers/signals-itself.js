'use strict';

const { workerData: signal } = require('hawser/worker');

process.on(signal, () => setImmediate(() => process.exit(42)));

exports.echo = (value) => value;
