'use strict';

const { FrameReader, TYPE, frame, hello, structured } = require('./wire');

/** One end of a connection that keeps the rules only as far as it is told to. */
class Peer {
  reader = new FrameReader();
  #wake = () => {};

  /** Bytes may have come. */
  wake() {
    this.#wake();
  }

  /** @returns {Promise<object>} the next frame of the other end */
  async next() {
    for (;;) {
      const received = this.reader.shift();
      if (received !== undefined) return received;
      if (this.pull()) continue;
      await new Promise((resolve) => (this.#wake = resolve));
    }
  }

  /** @returns {Promise<object>} the next frame of that type; others are ignored */
  async nextOf(type) {
    for (;;) {
      const received = await this.next();
      if (received.type === type) return received;
    }
  }

  /** @returns {Promise<object[]>} the next `count` requests */
  async requests(count) {
    const received = [];
    while (received.length < count) received.push(await this.nextOf(TYPE.REQUEST));
    return received;
  }

  /** Say which transport it is, then HELLO. */
  greet(fields) {
    this.join();
    this.write(hello(fields));
  }

  /** Live on, whatever becomes of the socket. */
  stay() {
    setInterval(() => {}, 0x7fffffff);
  }

  /** A worker's whole start; `fields` are of its HELLO. */
  async start(methods = ['ask', 'tell'], fields = {}) {
    this.greet(fields);
    await this.nextOf(TYPE.INIT);
    this.write(frame(TYPE.METHODS, { flags: 1 }, structured(methods)));
    this.write(frame(TYPE.READY));
  }
}

module.exports = { Peer };
