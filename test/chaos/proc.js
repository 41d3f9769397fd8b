'use strict';

/** What the system tells of processes, by files of Linux. */

const fs = require('node:fs');

function readOrEmpty(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return ''; // it has ended
  }
}

const pids = () => fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));

/** Processes that have it among their arguments; one that has ended has none. @returns {number[]} */
const pidsOf = (mark) =>
  pids()
    .filter((pid) => readOrEmpty(`/proc/${pid}/cmdline`).includes(mark))
    .map(Number);

/** How many processes we have started and not yet waited for. */
const childCount = () =>
  pids().filter((pid) => parentOf(readOrEmpty(`/proc/${pid}/stat`)) === process.pid).length;

/** The name, in parentheses, may have any characters. */
const parentOf = (stat) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);

/** How many mappings of this process are of such a file. @param {string} name */
const mapCount = (name) =>
  readOrEmpty('/proc/self/maps')
    .split('\n')
    .filter((line) => line.includes(name)).length;

module.exports = { pidsOf, childCount, mapCount };
