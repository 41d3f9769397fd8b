'use strict';

const held = [];

/** Until the heap is full. */
exports.eat = () => {
  for (;;) held.push(new Array(1000).fill(held.length));
};

exports.hold = (payload) => held.push(payload);

exports.echo = (payload) => payload;
