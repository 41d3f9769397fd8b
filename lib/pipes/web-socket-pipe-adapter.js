'use strict';

const { UnsupportedError } = require('../errors');

/** The place of pipes over WebSockets. */
class WebSocketPipeAdapter {
  /** @throws {UnsupportedError} always: this version has none */
  constructor() {
    throw new UnsupportedError('WebSocketPipeAdapter is not available yet');
  }
}

module.exports = { WebSocketPipeAdapter };
