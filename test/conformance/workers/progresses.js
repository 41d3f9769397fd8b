'use strict';

const { once } = require('node:events');
const { setImmediate: turn } = require('node:timers/promises');

let kept; // a context whose call has settled

module.exports = {
  echo: (payload) => payload,
  // Tells of each step, and all in one turn where `turns` is not asked for.
  steps: async ({ count, turns, body }, context) => {
    for (let step = 1; step <= count; step++) {
      context.progress(body ? { step, body } : step);
      if (turns) await turn();
    }
    return 'done';
  },
  keep: (_, context) => {
    kept = context;
  },
  progressOfKept: () => {
    kept.progress('late');
    return 'told';
  },
  untilAborted: async (_, context) => {
    context.progress('begun');
    await once(context.signal, 'abort');
    context.progress('given up');
  },
  // All of its steps are one batch, and no answer is.
  stepsAndNoAnswer: async ({ count }, context) => {
    for (let step = 1; step <= count; step++) context.progress(step);
    await once(context.signal, 'abort');
  },
  refused: (_, context) => context.progress(() => {}),
  posted: (_, context) => context.progress('to nobody'),
};
