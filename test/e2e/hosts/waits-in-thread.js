'use strict';

/* As waits.js, in a thread. */

const path = require('node:path');
const { Worker } = require('node:worker_threads');

new Worker(path.join(__dirname, 'waits.js'), { argv: process.argv.slice(2) });
