'use strict';

/**
 * The style of C: clang-format, clang-tidy (length of functions) and the length of files.
 *
 *   node scripts/c-style.js [--fix]
 *
 * Tools that are missing are skipped with a word, except in CI.
 */

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const NODE_INCLUDE = path.join(fs.realpathSync(process.execPath), '../../include/node');
const MAX_LINES = 600;

/** Generated and ignored files are none of our business: only what git knows or would add. */
function listFiles() {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '*.c', '*.h'];
  const names = execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).split('\n');
  return names.filter((name) => name && fs.existsSync(path.join(ROOT, name)));
}

function run(tool, args) {
  const { status, error } = spawnSync(tool, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 2] });
  if (!error) return status === 0;
  console.error(`${tool}: not found${process.env.CI ? '' : ', skipped'}`);
  return !process.env.CI;
}

function checkLength(name) {
  const lines = fs.readFileSync(path.join(ROOT, name), 'utf8').split('\n').length - 1;
  if (lines > MAX_LINES) console.error(`${name}: ${lines} lines, at most ${MAX_LINES} are allowed`);
  return lines <= MAX_LINES;
}

function checkFunctions(files) {
  const sources = files.filter((name) => /^src\/.*(?<!_win)\.c$/.test(name));
  const includes = ['-Isrc', '-Iinclude', `-I${NODE_INCLUDE}`];
  return run('clang-tidy', ['--quiet', ...sources, '--', '-std=gnu11', ...includes]);
}

const files = listFiles();
const results = process.argv.includes('--fix')
  ? [run('clang-format', ['-i', ...files])]
  : [
      run('clang-format', ['--dry-run', '-Werror', ...files]),
      checkFunctions(files),
      files.map(checkLength).every(Boolean),
    ];
process.exitCode = results.every(Boolean) ? 0 : 1;
