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
const { nameBlock } = require('./records');
const { overCap } = require('./outbox');
const { sending } = require('./tracing');

class HookedCall extends Call {
  #caller;
  #middleware;
  /** @type {any} of a call that is answered */
  #resource;
  #deadline;
  #timer;
  tx = '';
  metadata;

  /**
   * @param {string} type @param {number} timeout milliseconds @param {import('./call').Tally} tally
   * @param {{ caller: import('./caller').Caller, middleware: import('./middleware').Middleware }} about
   * @param {Record<string, string>} [metadata]
   * @param {AsyncResource} [resource] where its answer is received
   */
  constructor(type, timeout, tally, { caller, middleware }, metadata, resource) {
    super(type, timeout, tally);
    this.#caller = caller;
    this.#middleware = middleware;
    this.#deadline = timeout > 0 ? performance.now() + timeout : Infinity;
    this.metadata = metadata;
    this.#resource = resource;
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
    const wasOpen = super.close();
    this.#caller.endArrival(this);
    return wasOpen;
  }

  succeed(value) {
    this.#receive('response', value, (message) => super.succeed(message));
  }

  failRemotely(error) {
    this.#receive('error', error, (message) => this.fail(message));
  }

  #receive(kind, message, settle) {
    const about = this.about('receive', kind, message);
    const fail = (error) => this.fail(error);
    let pending;
    try {
      pending = this.#resource.runInAsyncScope(() => this.#middleware.run(about));
      if (pending === undefined) settle(about.message);
    } catch (error) {
      fail(error);
    }
    if (pending === undefined) return;
    if (!this.isSettled) this.#wait();
    pending.then(() => settle(about.message)).catch(fail);
  }

  #wait() {
    this.#caller.beginArrival(this);
    this.arm(() => this.fail(timeoutError(this, 'run')));
  }
}

/** A post or event whose middleware is asynchronous: the worker is not told to end before it has gone. */
class HookedPost extends HookedCall {
  #report;

  /** @param {(error: unknown) => void} report hears why it could not be sent */
  constructor(type, about, report) {
    super(type, 0, UNTOLD, about);
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
  #about; // of each call
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
    this.#about = { caller, middleware };
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
  send(type, payload, options, link = null) {
    if (!sending.isActive) return this.#send(type, payload, options, link);
    const about = { type, tx: undefined, payload, metadata: ownMetadata(options) };
    return sending.trace(() => this.#send(type, payload, options, link, about), about);
  }

  #send(type, payload, options, link, about) {
    let terms;
    try {
      terms = this.#caller.admit(type, options);
    } catch (error) {
      return Promise.reject(error);
    }
    const promise = new Promise(capture);
    const { tally } = this.#caller;
    const { metadata } = about ?? terms;
    const resource = new AsyncResource('HAWSER_SEND');
    const call = new HookedCall(type, terms.timeout, tally, this.#about, metadata, resource);
    if (link !== null) this.#caller.link(call, link);
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
    this.#checkRoom();
    const report = (error) => this.#report(`a post of '${type}' failed`, error);
    const call = new HookedPost(type, this.#about, report);
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
    this.#checkRoom();
    const report = (error) => this.#report(`the event '${name}' was not sent`, error);
    const call = new HookedPost(name, this.#about, report);
    const context = call.about('send', 'event', data);
    const submit = () => this.#caller.submitEvent(name, context.message);
    const pending = this.#middleware.run(context);
    return pending === undefined ? submit() : this.#postLater(call, pending, submit);
  }

  /** Those that are taken are sent, however long their middleware lasts. */
  #checkRoom() {
    if (this.#posts >= HARD_CAP * this.#mostPosts) throw overCap();
    this.#caller.checkRoom();
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
    const isBehind = this.#posts > this.#mostPosts;
    this.#isHolding ||= isBehind;
    return !isBehind && !this.#outbox.needsDrain;
  }

  #endPost(call) {
    this.#posts--;
    this.#caller.withdraw(call);
    if (!this.#isHolding || this.#posts > this.#mostPosts / 2) return;
    this.#isHolding = false;
    this.#outbox.wantDrain();
  }
}

/** A copy for those who trace to add to; what is none, send() refuses. */
function ownMetadata(options) {
  try {
    const given = options?.metadata;
    if (given === undefined) return {};
    return typeof given !== 'object' || given === null || Array.isArray(given)
      ? given
      : { ...given };
  } catch {
    return {};
  }
}

module.exports = { HookedCalls };
