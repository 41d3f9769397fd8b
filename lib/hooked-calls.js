'use strict';

/**
 * The way of the calls that something stands in: middleware, a tx or metadata of the caller's own,
 * tracing. Those that nothing stands in never come here.
 */

const { AsyncResource } = require('node:async_hooks');
const { encodeDetails } = require('./call-details');
const { Call, capture } = require('./call');
const { timeoutError } = require('./call-errors');
const { OverloadedError } = require('./errors');
const { NEVER } = require('./frames');
const { Middleware } = require('./middleware');
const { sending } = require('./tracing');

class HookedCall extends Call {
  #middleware;
  #resource = new AsyncResource('HAWSER_SEND');
  #deadline;
  #timer;
  #settled = false;
  tx = '';
  metadata;

  constructor(type, timeout, middleware, metadata) {
    super(type, timeout);
    this.#middleware = middleware;
    this.#deadline = timeout > 0 ? performance.now() + timeout : Infinity;
    this.metadata = metadata;
  }

  /** Milliseconds until the caller gives up; 0: never. */
  get left() {
    if (this.timeout === 0) return 0;
    return Math.max(1, Math.ceil(this.#deadline - performance.now()));
  }

  about(direction, kind, message) {
    const { type, tx, metadata } = this;
    return { direction, kind, type, tx, message, metadata };
  }

  /** Until disarm() is called, `onTimeout` may be. */
  arm(onTimeout) {
    if (this.timeout > 0) this.#timer = setTimeout(onTimeout, this.left);
  }

  disarm() {
    clearTimeout(this.#timer);
  }

  succeed(value) {
    this.#receive('response', value, (message) => this.#settle(() => this.resolve(message)));
  }

  failRemotely(error) {
    this.#receive('error', error, (message) => this.fail(message));
  }

  fail(error) {
    this.#settle(() => super.fail(error));
  }

  #settle(how) {
    this.disarm();
    if (this.#settled) return;
    this.#settled = true;
    how();
  }

  #receive(kind, message, settle) {
    const about = this.about('receive', kind, message);
    let pending;
    try {
      pending = this.#resource.runInAsyncScope(() => this.#middleware.run(about));
    } catch (error) {
      this.fail(error);
      return;
    }
    if (pending === undefined) {
      settle(about.message);
      return;
    }
    this.arm(() => this.fail(timeoutError(this, 'run')));
    pending.then(
      () => settle(about.message),
      (error) => this.fail(error),
    );
  }
}

/** A post whose middleware is asynchronous: the worker is not told to end before it has gone. */
class HookedPost extends HookedCall {
  #report;

  constructor(type, middleware, report) {
    super(type, 0, middleware, undefined);
    this.#report = report;
  }

  fail(error) {
    this.#report(`a post of '${this.type}' failed`, error);
  }
}

/** @typedef {{ method: number, timeout: number, tell: boolean, block: Buffer | null }} Request */

/**
 * What HookedCalls needs of its worker.
 * @typedef {object} Host
 * @property {(type: string, options?: object) => { method: number, timeout: number, tell: boolean }} admit throws
 * @property {(call: Call) => void} take give it a slot
 * @property {(call: Call) => boolean} has whether it is open
 * @property {(call: Call, failed: boolean) => void} drop it is not open any more
 * @property {(type: string) => number} admitPost the method; throws
 * @property {() => string} session
 * @property {(call: Call, request: Request, message: unknown) => void} submit
 * @property {(call: { slot: number, generation: number }, request: Request, message: unknown) => boolean} post as Worker.post
 * @property {() => number} nextPost its number
 * @property {() => void} wantDrain
 * @property {(what: string, error: unknown) => void} report
 * @property {number} mostPosts that middleware may hold
 */

class HookedCalls {
  /** @type {Host} */
  #host;
  #txIdGenerator;
  #middleware;
  #posts = 0; // that wait for their middleware
  #held = false; // somebody was told to wait for them

  constructor(host, { middleware, txIdGenerator }) {
    this.#host = host;
    this.#middleware = new Middleware(middleware);
    this.#txIdGenerator = txIdGenerator;
  }

  /**
   * Stand in the way of a worker's calls while there is a reason to. Without one no call pays for it.
   * @param {any} worker
   */
  stand(worker) {
    const isNeeded = this.#txIdGenerator !== undefined || !this.#middleware.isEmpty;
    const { send, post } = isNeeded ? this : Object.getPrototypeOf(worker);
    const own = (method) => ({
      value: method.bind(isNeeded ? this : worker),
      configurable: true,
      writable: true,
    });
    Object.defineProperties(worker, { send: own(send), post: own(post) });
  }

  /** Add middleware to a worker. @returns {() => void} removes it */
  use(worker, added) {
    const remove = this.#middleware.add(added);
    this.stand(worker);
    return () => {
      remove();
      this.stand(worker);
    };
  }

  /** As Worker.send. */
  send(type, payload, options) {
    if (!sending.isActive) return this.#send(type, payload, options, options?.metadata);
    const about = { type, tx: undefined, payload, metadata: { ...options?.metadata } };
    return sending.trace(() => this.#send(type, payload, options, about.metadata, about), about);
  }

  #send(type, payload, options, metadata, about) {
    let request;
    try {
      request = this.#host.admit(type, options);
    } catch (error) {
      return Promise.reject(error);
    }
    const promise = new Promise(capture);
    const call = new HookedCall(type, request.timeout, this.#middleware, metadata);
    this.#host.take(call);
    try {
      const own = this.#nameCall(call, payload);
      if (about !== undefined) about.tx = call.tx;
      const context = call.about('send', 'request', payload);
      const submit = () => this.#submit(call, request, own, context.message);
      const pending = this.#middleware.run(context);
      if (pending === undefined) submit();
      else this.#submitLater(call, pending, submit);
    } catch (error) {
      this.#drop(call, error);
    }
    return promise;
  }

  /** @returns {string | undefined} the tx, where it is the user's */
  #nameCall(call, payload) {
    const own = this.#txIdGenerator?.({ type: call.type, payload });
    call.tx = own ?? `${this.#host.session()}-${call.generation}-${call.slot}`;
    return own;
  }

  #submit(call, { method, timeout, tell }, own, message) {
    const { metadata } = call;
    const left = call.left;
    const late = left < timeout;
    const isPlain = own === undefined && isEmpty(metadata);
    const told = tell || late ? left || NEVER : 0;
    const block = isPlain ? null : encodeDetails({ timeout: told, tx: own, metadata });
    this.#host.submit(call, { method, timeout: left, tell: told > 0, block }, message);
  }

  #submitLater(call, pending, submit) {
    call.arm(() => this.#drop(call, timeoutError(call, 'queue')));
    pending
      .then(() => {
        call.disarm();
        if (this.#host.has(call)) submit();
      })
      .catch((error) => this.#drop(call, error));
  }

  #drop(call, error) {
    if (!this.#host.has(call)) return;
    call.fail(error);
    this.#host.drop(call, true);
  }

  /** As Worker.post. */
  post(type, payload) {
    const method = this.#host.admitPost(type);
    if (this.#posts >= 4 * this.#host.mostPosts)
      throw new OverloadedError('posts past the hard cap: wait for drain');
    const call = new HookedPost(type, this.#middleware, this.#host.report);
    const number = this.#host.nextPost();
    const own = this.#txIdGenerator?.({ type, payload });
    call.tx = own ?? `${this.#host.session()}-0-${number}-post`;
    const block = own === undefined ? null : encodeDetails({ tx: own });
    const context = call.about('send', 'request', payload);
    const pending = this.#middleware.run(context);
    const request = { method, timeout: 0, tell: false, block };
    const submit = () => this.#host.post({ slot: number, generation: 0 }, request, context.message);
    return pending === undefined ? submit() : this.#postLater(call, pending, submit);
  }

  #postLater(call, pending, submit) {
    this.#host.take(call);
    this.#posts++;
    pending
      .then(() => {
        if (this.#host.has(call)) submit();
      })
      .catch((error) => call.fail(error))
      .then(() => this.#endPost(call));
    if (this.#posts <= this.#host.mostPosts) return true;
    this.#held = true;
    return false;
  }

  #endPost(call) {
    this.#posts--;
    if (this.#host.has(call)) this.#host.drop(call, false);
    if (!this.#held || this.#posts > this.#host.mostPosts / 2) return;
    this.#held = false;
    this.#host.wantDrain();
  }
}

function isEmpty(metadata) {
  return metadata === undefined || (isPlainObject(metadata) && Object.keys(metadata).length === 0);
}

function isPlainObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

module.exports = { HookedCalls };
