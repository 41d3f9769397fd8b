'use strict';

const { ReferencePipe } = require('../../bench/peers/reference-adapter');

/** A peer that speaks the older protocol of pipes and nothing else, over a MessagePort. */
class OldPeer extends ReferencePipe {
  /** What was said to it, as it came. */
  heard = [];

  constructor(port, options = {}) {
    super(port, { objectMode: true, ...options });
    port.on('message', (message) => this.heard.push(message));
  }
}

module.exports = { OldPeer };
