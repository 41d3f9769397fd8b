'use strict';

/** Calls that wait for their answer, as programs over a bare transport keep them: a Map from id to resolve. */
module.exports = class Pending {
  #resolvers = new Map();
  #lastId = 0;

  /**
   * @param {(message: { id: number, type?: string, value: unknown }) => void} transmit
   * @returns {Promise<any>} what the peer answers
   */
  call(value, type, transmit) {
    return new Promise((resolve) => {
      const id = ++this.#lastId;
      this.#resolvers.set(id, resolve);
      transmit(type === undefined ? { id, value } : { id, type, value });
    });
  }

  settle({ id, value }) {
    const resolve = this.#resolvers.get(id);
    this.#resolvers.delete(id);
    resolve(value);
  }
};
