'use strict';

const { once } = require('node:events');
const fs = require('node:fs');

const seen = [];
const aborted = [];
const waiting = []; // { count, resolve }
let live = 0; // handlers whose signals have not aborted

function noteAborted(id) {
  aborted.push(id);
  for (const { count, resolve } of waiting) if (aborted.length >= count) resolve([...aborted]);
}

module.exports = {
  echo: (payload) => payload,
  seen: () => seen,
  // Settles when its signal aborts, as `how` says.
  untilAborted: async ({ id, how, bytes }, context) => {
    seen.push(id);
    live++;
    if (!context.signal.aborted) await once(context.signal, 'abort');
    live--;
    noteAborted(id);
    if (how === 'throw') context.signal.throwIfAborted();
    return Buffer.alloc(bytes ?? 0);
  },
  // Asks for its signal when the answer to `untilFile` would have been too late.
  asksLate: async ({ id, file }, context) => {
    seen.push(id);
    while (!fs.existsSync(file)) await new Promise(setImmediate);
    if (context.signal.aborted) noteAborted(id);
  },
  // The ids that were aborted, once there are so many.
  whenAborted: (count) =>
    new Promise((resolve) => {
      waiting.push({ count, resolve });
      if (aborted.length >= count) resolve([...aborted]);
    }),
  live: () => live,
  signalOfEachCall: (_, context) => ({
    same: context.signal === context.signal,
    aborted: context.signal.aborted,
    isSignal: context.signal instanceof AbortSignal,
  }),
  // Runs on when its caller has given up.
  untilFile: async ({ id, file }) => {
    seen.push(id);
    while (!fs.existsSync(file)) await new Promise(setImmediate);
  },
  // For the end of the host: an abort leaves a file.
  markWhenAborted: ({ file }, { signal }) => {
    const mark = () => fs.appendFileSync(file, 'aborted\n');
    signal.addEventListener('abort', mark);
    return new Promise(() => {});
  },
};
