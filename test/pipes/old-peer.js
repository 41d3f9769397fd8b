'use strict';

/**
 * A peer that speaks the older protocol of pipes and nothing else, over a MessagePort: as the adapter
 * that hawser's came after, a Duplex that answers each value with a resume, or a pause when it is full.
 */

const { Duplex } = require('node:stream');

class OldPeer extends Duplex {
  #port;
  #isPaused = false;
  #kept = [];
  /** What was said to it, as it came. */
  heard = [];

  constructor(port, options = {}) {
    super({ objectMode: true, ...options });
    this.#port = port;
    port.on('message', (message) => this.#hear(message));
    port.on('close', () => this.destroy());
  }

  #hear(message) {
    this.heard.push(message);
    const type = message?.type;
    if (type === 'pause') this.#isPaused = true;
    else if (type === 'resume') {
      this.#isPaused = false;
      while (this.#kept.length > 0 && !this.#isPaused) this.#say(this.#kept.shift());
    } else if (type === 'end') this.push(null);
    else if (!this.push(type === 'data' ? message.payload : message))
      this.#port.postMessage({ type: 'pause' });
  }

  #say(payload) {
    this.#port.postMessage({ type: 'data', payload });
  }

  _read() {
    this.#port.postMessage({ type: 'resume' });
  }

  _write(value, encoding, callback) {
    if (this.#isPaused) this.#kept.push(value);
    else this.#say(value);
    callback();
  }

  _final(callback) {
    this.#port.postMessage({ type: 'end' });
    callback();
  }

  _destroy(error, callback) {
    this.#port.close();
    callback(error);
  }
}

module.exports = { OldPeer };
