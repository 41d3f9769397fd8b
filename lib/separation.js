'use strict';

const { UnsupportedError, WorkerClosedError } = require('./errors');
const { tell } = require('./report');

/**
 * disconnect() and reconnect() of a Worker.
 *
 * The owner has socketPath; setState(state); refusal(), why nothing can be asked of the worker now;
 * leave(), a promise; join(), whereupon onReady or onUnjoined follows; rejectAll(errorOf) its calls.
 */
class Separation {
  #worker;
  #owner;
  /** @type {Promise<void> | null} until the worker has let go */
  #leaving = null;
  /** @type {any} { promise, resolve, reject } of reconnect() */
  #joining = null;

  /** @param {any} worker @param {any} owner */
  constructor(worker, owner) {
    this.#worker = worker;
    this.#owner = owner;
  }

  async disconnect() {
    this.#checkNamed();
    const { state } = this.#worker;
    if (state === 'disconnected') return this.#leaving ?? undefined;
    if (state !== 'ready') throw this.#owner.refusal();
    this.#leaving = this.#leave();
    return this.#leaving;
  }

  async #leave() {
    const left = this.#owner.leave();
    this.#owner.setState('disconnected');
    this.#owner.rejectAll(() => new WorkerClosedError('Disconnected from worker'));
    await left;
    this.#leaving = null;
    if (this.#worker.state === 'disconnected') tell(this.#worker, 'disconnect');
  }

  async reconnect() {
    this.#checkNamed();
    if (this.#joining !== null) return this.#joining.promise;
    await this.#leaving;
    const { state } = this.#worker;
    if (state === 'ready') return undefined;
    if (this.#joining === null) {
      if (state !== 'disconnected') throw this.#owner.refusal();
      this.#join();
    }
    return this.#joining.promise;
  }

  #join() {
    const joining = /** @type {any} */ ({});
    joining.promise = new Promise((resolve, reject) => Object.assign(joining, { resolve, reject }));
    joining.promise.catch(() => {}); // told to whoever has called
    this.#joining = joining;
    this.#owner.setState('connecting');
    if (this.#worker.state === 'connecting') this.#owner.join();
  }

  onReady() {
    const joining = this.#take();
    this.#owner.setState('ready');
    joining.resolve();
    for (const event of ['reconnect', 'ready'])
      if (this.#worker.state === 'ready') tell(this.#worker, event);
  }

  /** @param {Error} error */
  onUnjoined(error) {
    const joining = this.#take();
    if (this.#worker.state === 'connecting') this.#owner.setState('disconnected');
    joining?.reject(error);
  }

  /** The worker is over. @param {Error} error */
  onExit(error) {
    this.#take()?.reject(error);
  }

  #take() {
    const joining = this.#joining;
    this.#joining = null;
    return joining;
  }

  #checkNamed() {
    if (this.#owner.socketPath !== undefined) return;
    throw new UnsupportedError('a worker without a socketPath cannot be disconnected');
  }
}

module.exports = { Separation };
