'use strict';

const fs = require('node:fs');
const { quantile, smallObject, verify } = require('../measure.js');

module.exports = {
  name: 'start',
  title: 'Start to first answer, and the memory of a worker then',
  baseline: 'fork-json',
  contenders: [
    'hawser',
    'hawser-socket',
    'worker-threads',
    'fork-json',
    'fork-advanced',
    'json-lines',
  ],
  figures: [
    { key: 'p50', title: 'start ms', better: 'lower' },
    { key: 'slowest', title: 'slowest ms', better: 'lower' },
    { key: 'memory', title: 'PSS MiB', better: 'lower' },
  ],

  async run(create, { starts }) {
    const times = [];
    const memories = [];
    for (let turn = 0; turn < starts; turn++) {
      const before = proportionalMiB(process.pid);
      const start = performance.now();
      const peer = await create();
      await verify(peer, () => smallObject(turn));
      times.push(performance.now() - start);
      const after = proportionalMiB(peer.pid);
      memories.push(peer.sharesProcess ? after - before : after);
      await peer.close();
    }
    return {
      p50: quantile(times, 0.5),
      slowest: Math.max(...times),
      memory: quantile(memories, 0.5),
    };
  },
};

/** Memory of a process, shared pages divided among those that share them. NaN where Linux does not tell. */
function proportionalMiB(pid) {
  try {
    const rollup = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+)/m.exec(rollup)[1]) / 1024;
  } catch {
    return NaN;
  }
}
