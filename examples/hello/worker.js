'use strict';

exports.greet = (name) => `Hello ${name}, this is process ${process.pid}.`;

exports.squares = async function* (limit) {
  for (let number = 1; number <= limit; number++) yield number * number;
};
