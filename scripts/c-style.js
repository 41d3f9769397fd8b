'use strict';

/**
 * The style of C: clang-format, and with --tidy the length of functions.
 *
 *   node scripts/c-style.js [--fix] [--tidy]
 *
 * Tools that are missing are skipped with a word, except in CI.
 */

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const NODE_INCLUDE = path.join(fs.realpathSync(process.execPath), '../../include/node');

/** Generated and ignored files are none of our business: only what git knows or would add. */
function listFiles() {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '*.c', '*.h'];
  const names = execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).split('\n');
  return names.filter((name) => name && fs.existsSync(path.join(ROOT, name)));
}

function check(tool, args) {
  const { status, error } = spawnSync(tool, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 2] });
  if (!error) return status === 0;
  console.error(`${tool}: not found${process.env.CI ? '' : ', skipped'}`);
  return !process.env.CI;
}

const files = listFiles();
const format = process.argv.includes('--fix') ? ['-i'] : ['--dry-run', '-Werror'];
let good = check('clang-format', [...format, ...files]);

if (process.argv.includes('--tidy')) {
  const sources = files.filter((name) => /^src\/.*(?<!_win)\.c$/.test(name));
  const includes = ['-Isrc', '-Iinclude', `-I${NODE_INCLUDE}`];
  good = check('clang-tidy', ['--quiet', ...sources, '--', '-std=gnu11', ...includes]) && good;
}
process.exitCode = good ? 0 : 1;
