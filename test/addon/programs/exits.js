'use strict';

/** exits.js <moment> <transport>: process.exit(7) at that moment. Prints the pids of its children. */

const fs = require('node:fs');
const { MOMENTS } = require('./moments');

const [moment, transport] = process.argv.slice(2);

MOMENTS[moment](transport, () => {
  fs.writeSync(1, fs.readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8'));
  process.exit(7);
});
