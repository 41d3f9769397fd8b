'use strict';

const fs = require('node:fs');

exports.close = () => {
  fs.closeSync(3);
  return new Promise(() => {});
};
