'use strict';

/** Extend it, or give any object of its shape. */
class Serializer {
  /** Values to a string or a Uint8Array. */
  serialize() {
    throw new TypeError(`${this.constructor.name} must implement serialize()`);
  }

  /** What serialize gave: a string arrives as a string, bytes as a Buffer. */
  deserialize() {
    throw new TypeError(`${this.constructor.name} must implement deserialize()`);
  }
}

class JsonSerializer extends Serializer {
  serialize(value) {
    return JSON.stringify(value);
  }

  deserialize(data) {
    return JSON.parse(data.toString());
  }
}

module.exports = { Serializer, JsonSerializer };
