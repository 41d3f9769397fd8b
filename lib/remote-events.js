'use strict';

/** Gives events of the other end to those who listen to them. */
class RemoteEvents {
  #emitter;
  #middleware;
  #log;

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
        this.#log.error(`an event '${name}' could not be received`, error);
      }
    });
  }

  #receive(name, message) {
    /** @type {import('./middleware').MiddlewareContext} */
    const context = { direction: 'receive', kind: 'event', type: name, tx: '', message };
    const pending = this.#middleware.run(context);
    // Behind whoever awaits an answer that came before it.
    if (pending === undefined) queueMicrotask(() => this.#emit(name, context.message));
    else
      pending.then(
        () => queueMicrotask(() => this.#emit(name, context.message)),
        (error) => this.#log.error(`an event '${name}' could not be received`, error),
      );
  }

  #emit(name, data) {
    if (name !== 'error' || this.#emitter.listenerCount(name) > 0) this.#emitter.emit(name, data);
    else this.#log.error("an event 'error' that nobody listens to", data);
  }
}

module.exports = { RemoteEvents };
