'use strict';

/**
 * test.js [mocha's options]: the whole suite, in processes side by side, for tests wait more than they
 * work. What the others say follows behind the first.
 */

const { spawn } = require('node:child_process');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const MOCHA = path.join(ROOT, 'node_modules/mocha/bin/mocha.js');
const APART = [
  'test/conformance/**/!(native).test.js',
  'test/conformance/native.test.js',
  'test/{addon,chaos,hostile}/**/*.test.js',
  'test/e2e/[a-m]*.test.js',
  'test/e2e/[!a-m]*.test.js',
];
const PARTS = [
  ['test/**/*.test.js', ...APART.flatMap((files) => ['--ignore', files])],
  ...APART.map((files) => [files]),
];

function run(files, stdout) {
  const args = [MOCHA, ...process.argv.slice(2), ...files];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', stdout, 'inherit'] });
  const said = [];
  child.stdout?.on('data', (bytes) => said.push(bytes));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ failed: code !== 0, said: Buffer.concat(said) }));
  });
}

async function main() {
  const parts = PARTS.map((files, i) => run(files, i === 0 ? 'inherit' : 'pipe'));
  const ends = await Promise.all(parts);
  for (const { said } of ends) process.stdout.write(said);
  if (ends.some(({ failed }) => failed)) process.exitCode = 1;
}

main();
