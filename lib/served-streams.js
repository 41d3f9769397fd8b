'use strict';

const { ProtocolError, UnsupportedError } = require('./errors');
const { isIterable } = require('./is-iterable');
const { ItemPump, adopt, discard } = require('./item-pump');
const { ITEMS, ItemStream } = require('./item-stream');
const { StreamOwner } = require('./stream-owner');
const { RESULTS, callName, partsOf } = require('./stream-names');

/** What a handler reads or gives item by item. Until it gives something this owns its results. */
class ServedStream extends StreamOwner {
  #onOver;
  /** @type {import('./stream-end').StreamEnd | null} */
  #results = null;
  /** @type {ItemStream | undefined} in the place of the payload */
  payload;

  /** @param {() => void} onOver all of it is over, be its request here or not */
  constructor(onOver) {
    super();
    this.#onOver = onOver;
  }

  /**
   * The caller has opened it. It is accepted though the request may be withdrawn: what nobody has
   * accepted cannot be reset (P11.14).
   * @param {string} what RESULTS or PAYLOAD
   * @param {import('./stream-end').StreamEnd} end
   * @returns {boolean} false: there is one already
   */
  add(what, end) {
    if (what === RESULTS ? this.#results !== null : this.payload !== undefined) return false;
    end.accept(ITEMS);
    if (what === RESULTS) this.#results = end;
    else this.payload = this.#read(end);
    if (what === RESULTS) end.owner = this;
    return true;
  }

  #read(end) {
    const payload = new ItemStream();
    payload.on('error', () => {}); // a handler may not read it
    payload.on('close', () => this.#checkOver());
    payload.readFrom(end);
    return payload;
  }

  onReset() {
    this.#checkOver();
  }

  onLost() {
    this.#checkOver();
  }

  #checkOver() {
    if (this.#results?.isOver !== false && this.payload?.destroyed !== false) this.#onOver();
  }

  /**
   * @param {Function} handler
   * @param {(handler: Function) => Function} wrap what stands around each
   * @returns {Function} one that is done when its stream is
   */
  around(handler, wrap) {
    const streaming = wrap((payload, context) => this.#send(handler(payload, context)));
    return async (payload, context) => {
      let hasFailed = true;
      try {
        const value = await streaming(payload, context);
        hasFailed = false;
        return value;
      } finally {
        this.#settle(hasFailed);
      }
    };
  }

  /** Resolves when it is sent. @param {any} result of the handler */
  async #send(result) {
    if (isIterable(result)) adopt(result); // it may fail before this goes on
    const value = await result;
    if (this.#results === null) return value;
    if (!isIterable(value))
      throw new UnsupportedError('stream() to a handler that does not stream');
    if (this.#results.isOver) return void discard(value);
    return new ItemPump(value).run(this.#results);
  }

  /** Its request cannot be read. */
  refuse() {
    this.#settle(true);
  }

  /** The handler has settled. @param {boolean} hasFailed */
  #settle(hasFailed) {
    if (hasFailed) this.#results?.end(); // behind what it gave; the answer says why
    this.payload?.destroy();
  }
}

/** Streams whose request is still to come, by their calls. */
class ServedStreams {
  /** @type {Map<string, ServedStream>} */
  #waiting = new Map();

  /** The peer has opened it. @param {import('./stream-end').StreamEnd} end */
  add(end) {
    const parts = end.isOfMessages ? partsOf(end.name) : null;
    if (parts !== null && this.#of(parts.call).add(parts.what, end)) return;
    end.reset(new ProtocolError('a stream of no call', { rule: 'P11.15' }));
  }

  #of(call) {
    const waiting = this.#waiting;
    let served = waiting.get(call);
    if (served === undefined) {
      served = new ServedStream(() => waiting.delete(call));
      waiting.set(call, served);
    }
    return served;
  }

  /** @returns {ServedStream | null} of the request that has come */
  take(slot, generation) {
    if (this.#waiting.size === 0) return null;
    const call = callName(slot, generation);
    const served = this.#waiting.get(call);
    if (served === undefined) return null;
    this.#waiting.delete(call);
    return served;
  }
}

module.exports = { ServedStreams };
