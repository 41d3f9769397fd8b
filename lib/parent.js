'use strict';

const { EventEmitter } = require('node:events');
const { Caller } = require('./caller');
const { unknownTypeError } = require('./call-errors');
const { WorkerClosedError } = require('./errors');
const { DRAIN } = require('./frames');
const { HookedCalls } = require('./hooked-calls');
const { isIterable } = require('./is-iterable');
const { methodTable } = require('./method-table');
const { Outbox } = require('./outbox');
const { RemoteEvents } = require('./remote-events');
const { tell } = require('./report');
const { sending } = require('./tracing');

/** The host, from the worker's side. */
class Parent {
  /** @type {any} */
  #channel = null;
  #outbox;
  #caller;
  #hooked;
  #remoteEvents;
  #isReady;
  #isGone = false;
  /** What the host notifies of; and 'drain', when emit() may go on. */
  events = new EventEmitter();

  /**
   * @param {object} owner
   * @param {() => boolean} owner.isReady whether the host takes messages
   * @param {() => void} owner.beforeEvent send what an event must not overtake
   * @param {import('./middleware').Middleware} owner.middleware of the worker
   * @param {number} owner.mostPosts that wait for it
   * @param {{ error: (what: string, detail?: unknown) => void }} owner.log
   */
  constructor({ isReady, beforeEvent, middleware, mostPosts, log }) {
    this.#isReady = isReady;
    const outbox = new Outbox({ onDrained: () => tell(this.events, 'drain'), beforeEvent });
    this.#outbox = outbox;
    this.#caller = new Caller({ refusal: (type) => this.#refusal(type), outbox });
    this.#hooked = new HookedCalls({
      caller: this.#caller,
      outbox,
      middleware,
      mostPosts,
      report: log.error,
    });
    this.#remoteEvents = new RemoteEvents(this.events, middleware, log);
  }

  /**
   * Event to the host: worker.events.on(name, listener).
   * @param {string} name at most 1024 bytes
   * @param {unknown} [data]
   * @returns {boolean} false: accepted, but wait for 'drain' of parent.events
   * @throws {import('./errors').OverloadedError | WorkerClosedError} past the hard cap; before it is ready
   */
  emit(name, data) {
    return this.#way().emit(name, data);
  }

  /**
   * Ask the host: its option `handlers` answers. As worker.send, with the host's timeouts.
   * @param {string} type
   * @param {unknown} [payload]
   * @param {import('./options').SendOptions} [options]
   * @returns {Promise<any>}
   */
  send(type, payload, options) {
    const usual = this.#way();
    const way = sending.isActive ? this.#hooked : usual;
    if (!isIterable(payload)) return way.send(type, payload, options);
    return require('./streamed-call').sendStream(way, type, payload, options);
  }

  /** One way, as emit(). @param {string} type @param {unknown} [payload] @returns {boolean} */
  post(type, payload) {
    const way = this.#way();
    return (sending.isActive ? this.#hooked : way).post(type, payload);
  }

  /**
   * A named Duplex to the host: it gets the other end with its event 'pipe'. As worker.openPipe.
   * @param {string} name 1 to 1024 bytes
   * @param {import('./pipe-options').PipeOptions} [options]
   */
  openPipe(name, options) {
    return require('./pipe-opening').openPipe(name, options, () => {
      this.#way();
      if (!this.#caller.isOpen) throw this.#refusal();
      return this.#channel;
    });
  }

  #way() {
    this.#caller.isOpen = this.#isReady() && !this.#isGone;
    return this.#hooked.isNeeded ? this.#hooked : this.#caller;
  }

  #refusal(type) {
    if (this.#isGone) return hostGone();
    if (!this.#caller.isOpen) return new WorkerClosedError('Worker is starting');
    return unknownTypeError(type);
  }

  /** There is one, or another one. @param {any} channel @param {any} init what INIT said */
  #onHost(channel, init) {
    this.#channel = channel;
    this.#isGone = false;
    this.#caller.use(channel);
    this.#caller.setMethods(methodTable(init.methods ?? [], init));
  }

  #onGone() {
    this.#isGone = true;
    this.#caller.rejectAll(hostGone);
  }

  /** For bootstrap.js, which has the channel. */
  static receiver(parent) {
    return {
      beforeRequest: () => parent.#remoteEvents.flush(),
      onEmitted: (at) => parent.#remoteEvents.deliver(parent.#channel, at),
      onAnswer: (kind, slot, at) => parent.#caller.onAnswer(kind, slot, at),
      onProgress: (at) => parent.#caller.onProgress(at),
      onHost: (channel, init) => parent.#onHost(channel, init),
      onReady: () => parent.#outbox.onDrain(DRAIN.ALL), // whoever waited for the last host
      onGone: () => parent.#onGone(),
      nameBy: (generator) => parent.#hooked.nameBy(generator),
      onDrain: (what) => parent.#outbox.onDrain(what),
    };
  }
}

function hostGone() {
  return new WorkerClosedError('Worker has lost its host');
}

module.exports = { Parent };
