'use strict';

const { Duplex } = require('node:stream');

/**
 * The adapter that hawser/pipes came after, rebuilt from its description: a message per value, a resume
 * per read, a pause when the buffer is full, and a write that is always answered at once.
 */
class ReferencePipe extends Duplex {
  #port;
  #isPaused = false;
  #kept = [];

  constructor(port, options) {
    super(options);
    this.#port = port;
    port.on('message', (message) => this.#onMessage(message));
    port.on('messageerror', () => this.destroy(new Error('MessagePort error')));
    port.on('close', () => this.destroy());
  }

  #onMessage(message) {
    switch (message?.type) {
      case 'pause':
        this.#isPaused = true;
        break;
      case 'resume':
        this.#isPaused = false;
        this.#drain();
        break;
      case 'end':
        this.push(null);
        break;
      default:
        this.#take(message?.type === 'data' ? message.payload : message);
    }
  }

  #take(value) {
    if (!this.push(value)) this.#port.postMessage({ type: 'pause' });
  }

  #drain() {
    while (this.#kept.length > 0 && !this.#isPaused) this.#post(this.#kept.shift());
  }

  #post(payload) {
    this.#port.postMessage({ type: 'data', payload });
  }

  _read() {
    this.#port.postMessage({ type: 'resume' });
  }

  _write(value, encoding, callback) {
    if (this.#isPaused) this.#kept.push(value);
    else this.#post(value);
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

exports.ReferencePipe = ReferencePipe;

exports.ReferenceAdapter = class ReferenceAdapter {
  #port;

  constructor(port) {
    this.#port = port;
  }

  createDuplex(options) {
    return new ReferencePipe(this.#port, options);
  }
};
