'use strict';

/**
 * A call whose payload or results are streams. Each is a stream of its own (P11.15), opened just
 * before the request; of each only one direction is used.
 */

const { OverloadedError } = require('./errors');
const { ITEMS } = require('./item-stream');
const { isIterable } = require('./is-iterable');
const { ItemPump, adopt, discard } = require('./item-pump');
const { ResultStream } = require('./result-stream');
const { PAYLOAD, RESULTS, streamName } = require('./stream-names');

class StreamedCall {
  #source;
  /** @type {ItemPump | null} of the source, once the request is sent */
  #pump = null;
  /** @type {ResultStream | null} */
  results = null;
  /** Gives the call up. @type {(reason: unknown) => void} */
  giveUp = () => {};

  /**
   * @param {any} source of the payload; null: it is a value
   * @param {boolean} hasResults
   */
  constructor(source, hasResults) {
    this.#source = source;
    if (source !== null) adopt(source); // it may fail before it is read
    if (hasResults) this.results = new ResultStream(() => this.giveUp(leftError()));
  }

  /**
   * Before its request is sent. Not while a payload is being encoded.
   * @param {import('./channel').Channel} channel @param {number} slot @param {number} generation
   */
  open(channel, slot, generation) {
    if (this.#source !== null) this.#pump = new ItemPump(this.#source);
    this.results?.readFrom(openFor(channel, streamName(RESULTS, slot, generation)));
    if (this.#pump === null) return;
    const end = openFor(channel, streamName(PAYLOAD, slot, generation));
    this.#pump.run(end).catch((error) => end.reset(error));
  }

  /** Its handler has settled. */
  onAnswer() {
    if (this.results !== null) this.results.isAnswered = true;
  }

  /** It is given up: nothing more is read. @param {unknown} reason */
  cut(reason) {
    this.results?.cut(reason);
  }

  /** @param {Promise<unknown>} promise of the call */
  follow(promise) {
    promise.then(
      () => {
        this.#leave();
        this.results?.succeed();
      },
      (error) => {
        this.#leave();
        this.results?.fail(error);
      },
    );
  }

  /** Nobody reads the payload any more. */
  #leave() {
    if (this.#pump !== null) this.#pump.stop();
    else if (this.#source !== null) discard(this.#source);
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
