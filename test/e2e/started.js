'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { createWorker } = require('hawser');

const execPath = process.env.HAWSER_NODE || process.execPath;
const fixture = (name) => path.resolve(__dirname, 'workers', name);

/**
 * For the describe block in which it is called: start(name, options) starts workers/<name>, and
 * what was started is ended after each test.
 * @returns {(name?: string, options?: object) => Promise<import('hawser').Worker>}
 */
function starter() {
  const workers = [];
  afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.terminate())));
  return async (name = 'verbs.js', options = {}) => {
    const worker = await createWorker({ script: fixture(name), execPath, ...options });
    workers.push(worker);
    return worker;
  };
}

/**
 * For the describe block in which it is called: write(files) writes files, by name, to a folder
 * that is removed after each test.
 * @returns {(files: Record<string, string>) => string} the folder
 */
function scratch() {
  const folders = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true });
  });
  return (files) => {
    const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-e2e-')));
    folders.push(folder);
    for (const [name, text] of Object.entries(files))
      fs.writeFileSync(path.join(folder, name), text);
    return folder;
  };
}

module.exports = { execPath, fixture, starter, scratch };
