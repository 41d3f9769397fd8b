'use strict';

const deadline = (payload, ctx) => ctx.deadline;

module.exports = {
  deadline,
  slow: deadline,
  toString: deadline,
  never: () => new Promise(() => {}),
};
