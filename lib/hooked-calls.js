'use strict';

/**
 * The way of the calls that something stands in: middleware, a tx of the caller's own, tracing.
 * Those that nothing stands in never come here.
 */

const { AsyncResource } = require('node:async_hooks');
const native = require('./binding');
const { Call, UNTOLD, capture } = require('./call');
const { encodeDetails } = require('./call-details');
const { timeoutError } = require('./call-errors');
const { HARD_CAP } = require('./channel');
const { nameBlock } = require('./event-names');
const { overCap } = require('./outbox');
const { sending } = require('./tracing');

class HookedCall extends Call {
  #middleware;
  #resource = new AsyncResource('HAWSER_SEND');
  #deadline;
  #timer;
  tx = '';
  metadata;

  constructor(type, timeout, tally, middleware, metadata) {
    super(type, timeout, tally);
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

  /** Until disarm() is called, or it settles, `onTimeout` may be. */
  arm(onTimeout) {
    if (this.timeout > 0) this.#timer = setTimeout(onTimeout, this.left);
  }

  disarm() {
    clearTimeout(this.#timer);
  }

  close() {
    this.disarm();
    return super.close();
  }

  succeed(value) {
    this.#receive('response', value, (message) => super.succeed(message));
  }

  failRemotely(error) {
    this.#receive('error', error, (message) => this.fail(message));
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

/** A post or event whose middleware is asynchronous: the worker is not told to end before it has gone. */
class HookedPost extends HookedCall {
  #report;

  /** @param {(error: unknown) => void} report hears why it could not be sent */
  constructor(type, middleware, report) {
    super(type, 0, UNTOLD, middleware, undefined);
    this.#report = report;
  }

  fail(error) {
    this.refuse(error);
  }

  refuse(error) {
    if (this.close()) this.#report(error);
  }
}

/** What a Caller is asked through, while anything stands in the way. */
class HookedCalls {
  #caller;
  #outbox;
  #report;
  #mostPosts; // that may wait for their middleware before who posts is told
  #middleware;
  #txIdGenerator;
  #session = native.uuid().toString('hex');
  #numbers = 0;
  #posts = 0; // that wait for their middleware
  #isHolding = false; // somebody was told to wait for them

  /**
   * @param {object} about
   * @param {import('./caller').Caller} about.caller
   * @param {import('./outbox').Outbox} about.outbox its
   * @param {import('./middleware').Middleware} about.middleware
   * @param {(message: object) => string} [about.txIdGenerator]
   * @param {number} about.mostPosts
   * @param {(what: string, error: unknown) => void} about.report
   */
  constructor({ caller, outbox, middleware, txIdGenerator, mostPosts, report }) {
    this.#caller = caller;
    this.#outbox = outbox;
    this.#middleware = middleware;
    this.#txIdGenerator = txIdGenerator;
    this.#mostPosts = mostPosts;
    this.#report = report;
  }

  /** Whether anything stands in the way, but for those who trace. */
  get isNeeded() {
    return this.#txIdGenerator !== undefined || !this.#middleware.isEmpty;
  }

  /** @param {((message: object) => string) | undefined} generator names those that come */
  nameBy(generator) {
    this.#txIdGenerator = generator;
  }

  /** The name of a call or post, on both sides and in each worker that it is sent to. */
  #name(type, payload) {
    if (this.#txIdGenerator !== undefined) return this.#txIdGenerator({ type, payload });
    return `${this.#session}-${++this.#numbers}`;
  }

  /** As Worker.send. */
  send(type, payload, options) {
    if (!sending.isActive) return this.#send(type, payload, options, options?.metadata);
    const about = { type, tx: undefined, payload, metadata: { ...options?.metadata } };
    return sending.trace(() => this.#send(type, payload, options, about.metadata, about), about);
  }

  #send(type, payload, options, metadata, about) {
    let terms;
    try {
      terms = this.#caller.admit(type, options);
    } catch (error) {
      return Promise.reject(error);
    }
    const promise = new Promise(capture);
    const { tally } = this.#caller;
    const call = new HookedCall(type, terms.timeout, tally, this.#middleware, metadata);
    this.#caller.prepare(call, terms);
    try {
      call.tx = this.#name(type, payload);
      if (about !== undefined) about.tx = call.tx;
      const context = call.about('send', 'request', payload);
      const submit = () => this.#submit(call, context.message);
      const pending = this.#middleware.run(context);
      if (pending === undefined) submit();
      else this.#submitLater(call, pending, submit);
    } catch (error) {
      this.#caller.giveUp(call, error);
    }
    return promise;
  }

  #submit(call, message) {
    this.#caller.submit(call, message, encodeDetails(call), call.left);
  }

  #submitLater(call, pending, submit) {
    const giveUp = (error) => this.#caller.giveUp(call, error);
    call.arm(() => giveUp(timeoutError(call, 'queue')));
    pending
      .then(() => {
        call.disarm();
        if (!call.isSettled) submit();
      })
      .catch(giveUp);
  }

  /** As Worker.post. */
  post(type, payload) {
    if (!sending.isActive) return this.#post(type, payload);
    const about = { type, tx: undefined, payload, metadata: {}, oneWay: true };
    return sending.traceSync(() => this.#post(type, payload, about), about);
  }

  #post(type, payload, about) {
    this.#caller.checkType(type);
    if (this.#posts >= HARD_CAP * this.#mostPosts) throw overCap();
    const report = (error) => this.#report(`a post of '${type}' failed`, error);
    const call = new HookedPost(type, this.#middleware, report);
    call.tx = this.#name(type, payload);
    call.metadata = about?.metadata;
    if (about !== undefined) about.tx = call.tx;
    const context = call.about('send', 'request', payload);
    const details = encodeDetails(call);
    const submit = () => this.#caller.submitPost(type, context.message, details);
    const pending = this.#middleware.run(context);
    return pending === undefined ? submit() : this.#postLater(call, pending, submit);
  }

  /** As Worker.notify. */
  emit(name, data) {
    this.#caller.checkTaking();
    nameBlock(name); // middleware sees none that is refused
    if (this.#posts >= HARD_CAP * this.#mostPosts) throw overCap();
    const report = (error) => this.#report(`the event '${name}' was not sent`, error);
    const call = new HookedPost(name, this.#middleware, report);
    const context = call.about('send', 'event', data);
    const submit = () => this.#caller.submitEvent(name, context.message);
    const pending = this.#middleware.run(context);
    return pending === undefined ? submit() : this.#postLater(call, pending, submit);
  }

  #postLater(call, pending, submit) {
    this.#caller.prepare(call);
    this.#posts++;
    pending
      .then(() => {
        if (!call.isSettled) submit();
      })
      .catch((error) => call.refuse(error))
      .then(() => this.#endPost(call));
    if (this.#posts <= this.#mostPosts) return true;
    this.#isHolding = true;
    return false;
  }

  #endPost(call) {
    this.#posts--;
    this.#caller.withdraw(call);
    if (!this.#isHolding || this.#posts > this.#mostPosts / 2) return;
    this.#isHolding = false;
    this.#outbox.wantDrain();
  }
}

module.exports = { HookedCalls };
