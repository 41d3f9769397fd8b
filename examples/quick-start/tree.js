'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '../..');
const NOT_OURS = new Set(['.git', 'build', 'node_modules', 'prebuilds']);
const LIMIT = 16 * 1024 * 1024; // bytes; a few seconds of work on a slow machine

/** @returns {Buffer[]} the files of this project, up to LIMIT bytes in all */
exports.readTree = () => {
  const files = [];
  let bytes = 0;
  for (const name of listTree()) {
    const file = readIfFile(path.join(ROOT, name));
    if (file === null || bytes + file.length > LIMIT) continue;
    files.push(file);
    bytes += file.length;
  }
  return files;
};

function listTree() {
  try {
    const options = { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    const names = execFileSync('git', ['ls-files', '-z'], options).split('\0').filter(Boolean);
    if (names.length > 0) return names;
  } catch {
    // no git, or no repository: look for ourselves
  }
  return walk('');
}

function walk(folder) {
  return fs
    .readdirSync(path.join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => !NOT_OURS.has(entry.name))
    .flatMap((entry) => {
      const name = path.join(folder, entry.name);
      return entry.isDirectory() ? walk(name) : [name];
    });
}

/** @returns {Buffer | null} null for links, folders and files that are listed but gone */
function readIfFile(file) {
  const found = fs.lstatSync(file, { throwIfNoEntry: false });
  return found?.isFile() && found.size <= LIMIT ? fs.readFileSync(file) : null;
}
