'use strict';

const native = require('./binding');

/** What carries the bytes of a channel that is fed: of its ring to the peer, and the peer's to it. */
class FedCarrier {
  /** @type {any} of the native channel */
  handle;
  ring = Buffer.alloc(0);

  /** For a Channel, as its `open`. */
  open(options, callbacks) {
    this.handle = native.openFed(options, {
      ...callbacks,
      onOpen: (ring, transport) => {
        this.ring = Buffer.from(ring);
        callbacks.onOpen(ring, transport);
      },
      onSend: (start, count) => this.onSend(start, count),
      onWant: () => this.onWant(),
    });
    return this.handle;
  }

  /** So much of the ring, from there on around it, is to be carried. @param {number} _start @param {number} _count */
  onSend(_start, _count) {}

  /** The session takes more. */
  onWant() {}
}

module.exports = { FedCarrier };
