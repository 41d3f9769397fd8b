'use strict';

/* What a worker answers in every benchmark. hawser serves this module as it is; the other peers route to it by name. */

let counted = 0;
let misplaced = 0;

exports.echo = (value) => value;

exports.count = () => {
  counted += 1;
};

/** Like count, for chunks whose first four bytes hold their place in the sequence. */
exports.countInOrder = (chunk) => {
  const place = new DataView(chunk.buffer, chunk.byteOffset).getUint32(0, true);
  if (place !== counted) misplaced += 1;
  counted += 1;
};

/** How many came since the last time this was asked. */
exports.tally = () => {
  const tally = { counted, misplaced };
  counted = 0;
  misplaced = 0;
  return tally;
};

exports.never = () => new Promise(() => {});

/** Stop this worker's event loop, as a long calculation would. */
exports.block = (milliseconds) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
};

/** CPU time in microseconds and the times that the process went to sleep. */
exports.usage = () => {
  const { userCPUTime, systemCPUTime, voluntaryContextSwitches } = process.resourceUsage();
  return { cpu: userCPUTime + systemCPUTime, sleeps: voluntaryContextSwitches };
};
