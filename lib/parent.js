'use strict';

const { EventEmitter } = require('node:events');
const { Caller } = require('./caller');
const { UnknownTypeError, WorkerClosedError } = require('./errors');
const { Outbox } = require('./outbox');
const { deliverEvent } = require('./remote-events');

/** The host, from the worker's side. */
class Parent {
  #channel;
  #outbox;
  #caller;
  #isOpen;
  #isGone = false;
  /** What the host notifies of; and 'drain', when emit() may go on. */
  events = new EventEmitter();

  /**
   * @param {import('./channel').Channel} channel
   * @param {object} owner
   * @param {object} owner.init what INIT said
   * @param {() => boolean} owner.isOpen whether the host takes messages
   * @param {() => void} owner.beforeEvent send what an event must not overtake
   */
  constructor(channel, { init, isOpen, beforeEvent }) {
    this.#channel = channel;
    this.#isOpen = isOpen;
    this.#outbox = new Outbox(channel, {
      onDrained: () => this.events.emit('drain'),
      beforeEvent,
    });
    this.#caller = new Caller(channel, {
      refusal: (type) => this.#refusal(type),
      outbox: this.#outbox,
    });
    this.#caller.setMethods(init.methods ?? [], init.timeouts);
  }

  /**
   * Event to the host: worker.events.on(name, listener).
   * @param {string} name at most 1024 bytes
   * @param {unknown} [data]
   * @returns {boolean} false: accepted, but wait for 'drain' of parent.events
   * @throws {import('./errors').OverloadedError | WorkerClosedError} past the hard cap; before it is ready
   */
  emit(name, data) {
    return this.#open().emit(name, data);
  }

  /**
   * Ask the host: its option `handlers` answers. As worker.send, with the host's timeouts.
   * @param {string} type
   * @param {unknown} [payload]
   * @param {import('./options').SendOptions} [options]
   * @returns {Promise<any>}
   */
  send(type, payload, options) {
    return this.#open().send(type, payload, options);
  }

  /** One way, as emit(). @param {string} type @param {unknown} [payload] @returns {boolean} */
  post(type, payload) {
    return this.#open().post(type, payload);
  }

  #open() {
    this.#caller.isOpen = this.#isOpen() && !this.#isGone;
    return this.#caller;
  }

  #refusal(type) {
    if (!this.#caller.isOpen)
      return new WorkerClosedError(
        this.#isGone ? 'Worker has lost its host' : 'Worker is starting',
      );
    const text = `unknown message type: ${String(type)}`;
    return new UnknownTypeError(text, { messageType: type });
  }

  #onGone() {
    this.#isGone = true;
    this.#caller.rejectAll(() => new WorkerClosedError('Worker has lost its host'));
  }

  /** For bootstrap.js, which has the channel. */
  static receiver(parent) {
    return {
      onEmitted: (at) => deliverEvent(parent.#channel, at, parent.events),
      onAnswer: (kind, slot, at) => parent.#caller.onAnswer(kind, slot, at),
      onProgress: (at) => parent.#caller.onProgress(at),
      onGone: () => parent.#onGone(),
      onDrain: (what) => parent.#outbox.onDrain(what),
    };
  }
}

module.exports = { Parent };
