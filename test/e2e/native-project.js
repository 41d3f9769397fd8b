'use strict';

/** Folders in which the package is installed, as users of native workers have them. */

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { execPath } = require('./started');

const ROOT = path.join(__dirname, '../..');

/**
 * For the describe block in which it is called: folders that are removed behind all of its tests.
 * @returns {() => string} makes one
 */
function folders() {
  const made = [];
  after(() => {
    for (const folder of made) fs.rmSync(folder, { recursive: true });
  });
  return () => {
    made.push(fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-native-'))));
    return made.at(-1);
  };
}

/** What npm would do with "bin". */
function linkCommand(project) {
  fs.mkdirSync(path.join(project, 'node_modules/.bin'));
  fs.symlinkSync('../hawser/bin/hawser.js', path.join(project, 'node_modules/.bin/hawser'));
}

/** Install what is published: no build, no repository. */
async function installPacked(project) {
  const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', project];
  const { stdout } = await promisify(execFile)('npm', pack, { cwd: ROOT });
  const target = path.join(project, 'node_modules/hawser');
  fs.mkdirSync(target, { recursive: true });
  const file = path.join(project, stdout.trim());
  await promisify(execFile)('tar', ['-xzf', file, '-C', target, '--strip-components=1']);
  linkCommand(project);
}

/** Install this tree itself, which has its addon, and keeps its library from one run to the next. */
function installLinked(project) {
  fs.mkdirSync(path.join(project, 'node_modules'));
  fs.symlinkSync(ROOT, path.join(project, 'node_modules/hawser'));
  linkCommand(project);
}

/** `hawser` is found as npx finds it, and run by the Node that tests are run with. */
function environment(project, more = {}) {
  const bins = [path.join(project, 'node_modules/.bin'), path.dirname(execPath)];
  return { ...process.env, PATH: [...bins, process.env.PATH].join(path.delimiter), ...more };
}

/**
 * Run a line of shell in a project.
 * @returns {Promise<{ code: number, stdout: string, stderr: string }>}
 */
function shell(project, line, more) {
  const options = { cwd: project, env: environment(project, more) };
  return new Promise((resolve) => {
    execFile('sh', ['-c', line], options, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

module.exports = { ROOT, folders, installPacked, installLinked, environment, shell };
