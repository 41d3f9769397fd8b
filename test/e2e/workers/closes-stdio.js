'use strict';

const fs = require('node:fs');

exports.echo = (payload) => payload;

exports.close = () => {
  for (const fd of [0, 1, 2]) fs.closeSync(fd);
};
