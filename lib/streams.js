'use strict';

const { throwLater } = require('./channel');
const { DRAIN, EVENT } = require('./frames');
const { StreamEnd } = require('./stream-end');

/** The streams of one channel (P11), by slot. */
class Streams {
  #channel;
  #onStream;
  /** @type {(StreamEnd | undefined)[]} */
  #bySlot = [];
  /** @type {StreamEnd[]} to which something came in this batch */
  #touched = [];
  /** @type {(() => void)[]} wait until no END waits */
  #onEndsSent = [];
  /** Of those that a user reads, until they are destroyed: that may be later than the stream's end. */
  readers = new Set();

  /**
   * @param {import('./channel').Channel} channel
   * @param {(end: StreamEnd) => void} onStream the peer has opened one: accept or reset it
   */
  constructor(channel, onStream) {
    this.#channel = channel;
    this.#onStream = onStream;
  }

  /**
   * @param {string} name
   * @param {import('./stream-end').Windows} windows
   * @returns {StreamEnd | null | undefined} null: too many are open; undefined: a value is being
   *   encoded, so not now
   */
  open(name, windows) {
    if (this.#channel.isEncoding) return undefined;
    const id = this.#channel.openStream(Buffer.from(name), windows.bytes, windows.messages);
    if (id === null) return null;
    return this.#add({ ...id, name, isOfMessages: windows.messages > 0 }, windows);
  }

  /**
   * @param {{ slot: number, generation: number, name: string, isOfMessages: boolean }} about
   * @param {import('./stream-end').Windows} [windows]
   */
  #add(about, windows) {
    const end = new StreamEnd(this, this.#channel, about, windows);
    end.older = this.#bySlot[end.slot];
    this.#bySlot[end.slot] = end;
    return end;
  }

  /** Both directions are over. @param {StreamEnd} end */
  remove(end) {
    const newest = this.#bySlot[end.slot];
    if (newest === end) this.#bySlot[end.slot] = end.older;
    for (let one = newest; one !== undefined; one = one.older)
      if (one.older === end) one.older = end.older;
  }

  #find(at) {
    const generation = this.#channel.generation(at);
    let end = this.#bySlot[this.#channel.slot(at)];
    while (end !== undefined && end.generation !== generation) end = end.older;
    return end;
  }

  /** In a batch. */
  onEvent(kind, at) {
    if (kind === EVENT.OPEN) return void this.#onOpen(at);
    const end = this.#find(at);
    if (end === undefined || end.isOver) return undefined;
    if (!end.isTouched) {
      end.isTouched = true;
      this.#touched.push(end);
    }
    return end.receive(kind, at);
  }

  #onOpen(at) {
    const channel = this.#channel;
    const name = channel.readPayload(at, (bytes, from, to) => bytes.toString('utf8', from, to));
    const isOfMessages = channel.value(at) === 1;
    const [slot, generation] = [channel.slot(at), channel.generation(at)];
    this.#onStream(this.#add({ slot, generation, name, isOfMessages }));
  }

  /** What came in this batch goes to the readers. */
  deliver() {
    if (this.#touched.length === 0) return;
    const touched = this.#touched;
    this.#touched = [];
    for (const end of touched) {
      end.isTouched = false;
      try {
        end.deliver();
      } catch (error) {
        throwLater(error);
      }
    }
  }

  /** Resolves when what either end has ended is read, or sent. */
  async finished() {
    await new Promise(process.nextTick); // what came in the batch that is being delivered
    for (;;) {
      const busy = [...this.readers].find((reader) => reader.isFinishing);
      if (busy !== undefined) await oneOf(busy.stream, ['end', 'finish', 'close']);
      else if (!this.#channel.flush() || this.#channel.endsWaiting === 0) return;
      else await this.#endsSent();
    }
  }

  #endsSent() {
    this.#channel.wantDrain(DRAIN.ENDS);
    return /** @type {Promise<void>} */ (new Promise((resolve) => this.#onEndsSent.push(resolve)));
  }

  /** No END waits any more, or none can leave. */
  onEndsSent() {
    for (const resolve of this.#onEndsSent.splice(0)) resolve();
  }

  /** The channel carries nothing any more. @param {Error} error @param {boolean} isAsked here */
  endAll(error, isAsked) {
    const ends = this.#bySlot;
    this.#bySlot = [];
    for (const newest of ends)
      for (let end = newest; end !== undefined; end = end.older) end.lose(error, isAsked);
    this.onEndsSent();
  }
}

function oneOf(emitter, events) {
  return new Promise((resolve) => {
    const settle = () => {
      for (const event of events) emitter.off(event, settle);
      resolve(undefined);
    };
    for (const event of events) emitter.on(event, settle);
  });
}

module.exports = { Streams };
