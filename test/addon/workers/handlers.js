'use strict';

const refusal = () => {
  throw new Error('thrown by a getter');
};

module.exports = {
  echo: (payload) => payload,
  never: () => new Promise(() => {}),
  make: (bytes) => Buffer.alloc(bytes, 'hawser'),
  throwNull: () => {
    throw null;
  },
  throwText: () => {
    throw 'only text';
  },
  throwFrozen: () => {
    throw Object.freeze(new TypeError('frozen'));
  },
  throwGetter: () => {
    throw Object.defineProperty(new Error(), 'message', { get: refusal, enumerable: true });
  },
  throwProxy: () => {
    throw new Proxy({}, { get: refusal, ownKeys: refusal, getPrototypeOf: refusal });
  },
};
