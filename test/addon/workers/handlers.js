'use strict';

module.exports = {
  echo: (payload) => payload,
  never: () => new Promise(() => {}),
  make: (bytes) => Buffer.alloc(bytes, 'hawser'),
};
