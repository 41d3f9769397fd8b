'use strict';

/** Runs the programs of this folder in processes of their own: a crash is a test's result there. */

const { spawn } = require('node:child_process');
const path = require('node:path');

const execPath = process.env.HAWSER_NODE || process.execPath;

/**
 * Runs test/addon/programs/<name>.js, whose standard input is empty.
 * @param {string} name
 * @param {object} [options]
 * @param {string[]} [options.args] of the program
 * @param {string[]} [options.flags] of Node
 * @param {string[]} [options.prefix] command in front of node, such as ['sh', '-c', ...]
 * @param {NodeJS.ProcessEnv} [options.env] added to the environment
 * @returns {Promise<{ code: number | null, signal: string | null, output: string }>} stdout and stderr
 */
function runProgram(name, { args = [], flags = [], prefix = [], env = {} } = {}) {
  const program = path.join(__dirname, 'programs', `${name}.js`);
  const [command, ...rest] = [...prefix, execPath, ...flags, program, ...args];
  const child = spawn(command, rest, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => chunks.push(data));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal, output: Buffer.concat(chunks).toString() });
    });
  });
}

module.exports = { runProgram, execPath };
