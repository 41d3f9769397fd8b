'use strict';

const deadline = (payload, ctx) => ctx.deadline;

module.exports = { deadline, slow: deadline, never: () => new Promise(() => {}) };
