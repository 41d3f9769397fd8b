'use strict';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Extend it, or give any object of its shape. Its name is that of its class. */
class Serializer {
  /**
   * @param {unknown} _value
   * @returns {string | Uint8Array}
   */
  serialize(_value) {
    throw new TypeError(`${this.constructor.name} must implement serialize()`);
  }

  /**
   * @param {any} _data what serialize gave: a string as a string, bytes as a Buffer
   * @returns {unknown}
   */
  deserialize(_data) {
    throw new TypeError(`${this.constructor.name} must implement deserialize()`);
  }
}

class JsonSerializer extends Serializer {
  /** @param {unknown} value */
  serialize(value) {
    return JSON.stringify(value);
  }

  /** @param {any} data */
  deserialize(data) {
    return JSON.parse(typeof data === 'string' ? data : utf8.decode(data));
  }
}

module.exports = { Serializer, JsonSerializer };
