'use strict';

/* The handlers for codec 'raw', which carries bytes only: answers that are not bytes travel as JSON text. */

const handlers = require('./handlers.js');

const toBytes = (answer) => Buffer.from(JSON.stringify(answer ?? null));

exports.echo = handlers.echo;
exports.countInOrder = handlers.countInOrder;
exports.block = (milliseconds) => handlers.block(JSON.parse(milliseconds));
exports.tally = () => toBytes(handlers.tally());
exports.usage = () => toBytes(handlers.usage());
