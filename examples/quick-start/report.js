'use strict';

const { createHash } = require('node:crypto');
const { mapInFlight } = require('./in-flight.js');

const MIB = 1024 * 1024;

/**
 * Do the work in each way, print what it came to and how long it took.
 *
 * @param {Buffer[]} files
 * @param {Record<string, () => any>} ways  title to what starts { measure, stop }
 * @returns {Promise<boolean>} whether all came to the same
 */
exports.report = async (files, ways) => {
  const table = {};
  const fingerprints = new Set();
  for (const [title, start] of Object.entries(ways)) {
    const { answers, ...times } = await run(files, start);
    const totals = sum(answers);
    fingerprints.add(totals.fingerprint);
    table[title] = describe(totals, times);
  }
  console.table(table);
  const agreed = fingerprints.size === 1;
  console.log(agreed ? 'All agree.' : 'The totals differ: this is a defect.');
  return agreed;
};

async function run(files, start) {
  const begun = performance.now();
  const way = await start();
  const started = performance.now();
  const answers = await mapInFlight(files, way.measure);
  const done = performance.now();
  await way.stop();
  return { answers, startMs: started - begun, workMs: done - started };
}

/** The fingerprint covers every number and hash of every file. */
function sum(answers) {
  const total = (key) => answers.reduce((so, answer) => so + answer[key], 0);
  const fingerprint = createHash('sha256').update(JSON.stringify(answers)).digest('hex');
  return { bytes: total('bytes'), words: total('words'), gzipped: total('gzipped'), fingerprint };
}

function describe({ bytes, words, gzipped, fingerprint }, { startMs, workMs }) {
  return {
    KiB: Math.round(bytes / 1024),
    words,
    'gzipped KiB': Math.round(gzipped / 1024),
    'SHA-256': fingerprint.slice(0, 8),
    'start ms': Math.round(startMs),
    'work ms': Math.round(workMs),
    'MiB/s': Number((bytes / MIB / (workMs / 1000)).toFixed(1)),
  };
}
