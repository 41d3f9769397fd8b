'use strict';

/**
 * A call whose payload or results are streams. Each is a stream of its own (P11.15), opened just
 * before the request; of each only one direction is used.
 */

const { OverloadedError } = require('./errors');
const { ITEMS, ItemStream } = require('./item-stream');
const { isIterable } = require('./is-iterable');
const { ItemPump, discard } = require('./item-pump');
const { PAYLOAD, RESULTS, streamName } = require('./stream-names');

/** What the handler's stream gives; its error comes behind the items. */
class Results extends ItemStream {
  #isComplete = false; // all has come
  #isSettled = false;
  /** @type {unknown} */
  #error;
  #onLeft;

  /** @param {() => void} onLeft nobody reads any more */
  constructor(onLeft) {
    super();
    this.#onLeft = onLeft;
  }

  onEnd() {
    this.#isComplete = true;
    this.#conclude();
  }

  /**
   * The call has settled.
   * @param {unknown} error undefined: its handler is done
   * @param {boolean} isAnswered by the handler
   */
  settle(error, isAnswered) {
    this.#isSettled = true;
    this.#error = error;
    if (error !== undefined && !isAnswered) this.destroy(/** @type {any} */ (error));
    else this.#conclude();
  }

  #conclude() {
    if (!this.#isComplete || !this.#isSettled) return;
    if (this.#error === undefined) this.push(null);
    else this.#failOnceRead();
  }

  read(size) {
    const item = super.read(size);
    if (this.#error !== undefined && this.#isComplete) this.#failOnceRead();
    return item;
  }

  #failOnceRead() {
    if (this.readableLength === 0)
      process.nextTick(() => this.destroy(/** @type {any} */ (this.#error)));
  }

  _destroy(error, callback) {
    if (!this.#isSettled) this.#onLeft();
    super._destroy(error, callback);
  }
}

class StreamedCall {
  #source;
  /** @type {ItemPump | null} */
  #pump = null;
  /** @type {Results | null} */
  results = null;
  isAnswered = false; // by its handler
  /** Gives the call up. @type {(reason: unknown) => void} */
  giveUp = () => {};

  /**
   * @param {any} source of the payload; null: it is a value
   * @param {boolean} hasResults
   */
  constructor(source, hasResults) {
    this.#source = source;
    if (hasResults) this.results = new Results(() => this.giveUp(leftError()));
  }

  /**
   * Before its request is sent.
   * @param {import('./channel').Channel} channel @param {number} slot @param {number} generation
   */
  open(channel, slot, generation) {
    if (this.results !== null)
      this.results.readFrom(openFor(channel, streamName(RESULTS, slot, generation)));
    if (this.#source === null) return;
    const end = openFor(channel, streamName(PAYLOAD, slot, generation));
    const pump = new ItemPump(this.#source, end);
    this.#pump = pump;
    pump.run().catch((error) => end.reset(error));
  }

  /** @param {Promise<unknown>} promise of the call */
  follow(promise) {
    promise.then(
      () => this.#settle(undefined),
      (error) => this.#settle(error),
    );
  }

  /** @param {unknown} error undefined: its handler is done */
  #settle(error) {
    if (this.#pump !== null) this.#pump.stop();
    else if (this.#source !== null) discard(this.#source);
    this.results?.settle(error, this.isAnswered);
  }
}

function openFor(channel, name) {
  const end = channel.streams.open(name, ITEMS);
  if (end === null) throw new OverloadedError('too many streams are open');
  return end;
}

function leftError() {
  return new DOMException('nobody reads the results any more', 'AbortError');
}

/**
 * As Worker.stream.
 * @param {any} way that the call goes, a Caller or HookedCalls
 * @returns {any}
 */
function callStream(way, type, payload, options) {
  const isStreamed = isIterable(payload);
  const call = new StreamedCall(isStreamed ? payload : null, true);
  call.follow(way.send(type, isStreamed ? undefined : payload, options, call));
  return call.results;
}

/** As Worker.send, of a payload that is a stream. @param {any} way likewise */
function sendStream(way, type, payload, options) {
  const call = new StreamedCall(payload, false);
  const promise = way.send(type, undefined, options, call);
  call.follow(promise);
  return promise;
}

module.exports = { StreamedCall, callStream, sendStream };
