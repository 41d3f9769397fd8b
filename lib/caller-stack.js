'use strict';

const MARK = '    at <hawser worker>';

/**
 * Settle a promise with an error from elsewhere, its stack completed by the frames of whoever
 * awaits the promise. Costs nothing until something fails: V8 finds the awaiting functions by
 * following the promise's reactions, which needs the promise to be resolved with one that an async
 * function is about to reject.
 *
 * @param {(value: any) => void} resolve of the promise that the caller awaits
 * @param {(reason: any) => void} reject of the same promise
 * @param {unknown} error
 */
function rejectWithCallerStack(resolve, reject, error) {
  if (error instanceof Error && Object.isExtensible(error)) resolve(rejectLater(error));
  else reject(error);
}

async function rejectLater(error) {
  // One turn for the promise to subscribe to this one, one to come after it.
  await null;
  await null;
  appendFrames(error, new Error().stack);
  throw error;
}

function appendFrames(error, captured) {
  const frames = String(captured)
    .split('\n')
    .filter((line) => line.startsWith('    at async '));
  const { stack } = error;
  if (frames.length === 0 || typeof stack !== 'string' || stack.includes(MARK)) return;
  const value = `${stack}\n${MARK}\n${frames.join('\n')}`;
  Object.defineProperty(error, 'stack', {
    value,
    writable: true,
    enumerable: false,
    configurable: true,
  });
}

module.exports = { rejectWithCallerStack };
