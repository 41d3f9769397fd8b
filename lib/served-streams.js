'use strict';

const { ProtocolError, UnsupportedError } = require('./errors');
const { isIterable } = require('./is-iterable');
const { ItemPump, discard } = require('./item-pump');
const { ITEMS, ItemStream } = require('./item-stream');
const { StreamOwner } = require('./stream-owner');
const { PAYLOAD, RESULTS, streamName } = require('./stream-names');

/** What a handler reads or gives piece by piece. */
class ServedStream {
  #results;

  /**
   * @param {import('./stream-end').StreamEnd | undefined} results
   * @param {import('./stream-end').StreamEnd | undefined} payload
   */
  constructor(results, payload) {
    this.#results = results;
    results?.accept(ITEMS);
    /** @type {ItemStream | undefined} in the place of the payload */
    this.payload = undefined;
    if (payload === undefined) return;
    payload.accept(ITEMS);
    this.payload = new ItemStream();
    this.payload.on('error', () => {}); // a handler may not read it
    this.payload.readFrom(payload);
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
    const value = await result;
    if (this.#results === undefined) return value;
    if (!isIterable(value))
      throw new UnsupportedError('stream() to a handler that does not stream');
    if (this.#results.isOver) return void discard(value);
    return new ItemPump(value, this.#results).run();
  }

  /** The handler has settled. @param {boolean} hasFailed */
  #settle(hasFailed) {
    if (hasFailed) this.#results?.end(); // behind what it gave; the answer says why
    this.payload?.destroy();
  }
}

/** Nobody reads it yet. */
class Waiting extends StreamOwner {
  #waiting;
  #name;

  constructor(waiting, name) {
    super();
    this.#waiting = waiting;
    this.#name = name;
  }

  onReset() {
    this.#waiting.delete(this.#name);
  }

  onLost() {
    this.#waiting.delete(this.#name);
  }
}

/** Streams whose request is still to come, by their names. */
class ServedStreams {
  #waiting = new Map();

  /** The peer has opened it. @param {import('./stream-end').StreamEnd} end */
  add(end) {
    if (this.#waiting.has(end.name)) {
      end.reset(new ProtocolError('a second stream of a call', { rule: 'P11.15' }));
      return;
    }
    this.#waiting.set(end.name, end);
    end.owner = new Waiting(this.#waiting, end.name);
  }

  /** @returns {ServedStream | null} of the request that has come */
  take(slot, generation) {
    if (this.#waiting.size === 0) return null;
    const [results, payload] = [RESULTS, PAYLOAD].map((what) => {
      const name = streamName(what, slot, generation);
      const end = this.#waiting.get(name);
      this.#waiting.delete(name);
      return end;
    });
    return results || payload ? new ServedStream(results, payload) : null;
  }
}

module.exports = { ServedStreams };
