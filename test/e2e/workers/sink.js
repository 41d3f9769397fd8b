'use strict';

const fs = require('node:fs');

let taken = 0;

module.exports = {
  take: (body) => {
    taken += body.length;
  },
  taken: () => taken,
  // Reads nothing until that file is there.
  blockUntil: (file) => {
    while (!fs.existsSync(file));
  },
};
