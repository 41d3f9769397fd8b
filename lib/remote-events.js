'use strict';

const { tell } = require('./report');

/** Gives events of the other end to those who listen to them. */
class RemoteEvents {
  #emitter;
  #middleware;
  #log;
  /** @type {Set<{ name: string, data: unknown }>} received, and not yet emitted */
  #due = new Set();

  /**
   * @param {import('node:events').EventEmitter} emitter
   * @param {import('./middleware').Middleware} middleware
   * @param {{ error: (what: string, detail?: unknown) => void }} log
   */
  constructor(emitter, middleware, log) {
    this.#emitter = emitter;
    this.#middleware = middleware;
    this.#log = log;
  }

  /**
   * Without a listener it is not even decoded, but for one named 'error', which is logged: it is
   * never thrown.
   * @param {import('./batch-reader').BatchReader} channel
   * @param {number} at of the event in the batch
   */
  deliver(channel, at) {
    channel.readEvent(at, (name, decode) => {
      if (this.#emitter.listenerCount(name) === 0 && name !== 'error') return;
      try {
        this.#receive(name, decode());
      } catch (error) {
        this.#lose(name, error);
      }
    });
  }

  #receive(name, message) {
    /** @type {import('./middleware').MiddlewareContext} */
    const context = { direction: 'receive', kind: 'event', type: name, tx: '', message };
    const pending = this.#middleware.run(context);
    if (pending === undefined) this.#emitSoon(name, context.message);
    else
      pending.then(
        () => this.#emitSoon(name, context.message),
        (error) => this.#lose(name, error),
      );
  }

  #lose(name, error) {
    this.#log.error(`an event '${name}' could not be received`, error);
  }

  /** Behind whoever awaits an answer that came before it. */
  #emitSoon(name, data) {
    const event = { name, data };
    this.#due.add(event);
    queueMicrotask(() => this.#emit(event));
  }

  /** A request has come behind them, and its handler is about to run. */
  flush() {
    for (const event of this.#due) this.#emit(event);
  }

  #emit(event) {
    if (!this.#due.delete(event)) return;
    const { name, data } = event;
    if (name !== 'error' || this.#emitter.listenerCount(name) > 0) tell(this.#emitter, name, data);
    else this.#log.error("an event 'error' that nobody listens to", data);
  }
}

module.exports = { RemoteEvents };
