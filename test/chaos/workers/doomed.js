'use strict';

module.exports = {
  echo: (payload) => payload,
  take: () => {},
  loop: () => {
    for (;;);
  },
};
