'use strict';

/** The programs that pages of docs/ show, file by file, print what the page says. */

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { execPath, scratch } = require('./started');

const ROOT = path.join(__dirname, '../..');
const PAGES = ['streams.md'];

/** Blocks that begin with a comment of a file's name, and the first text behind them. */
function programOf(page) {
  const text = fs.readFileSync(path.join(ROOT, 'docs', page), 'utf8');
  const blocks = [...text.matchAll(/^```(js|text)\n(.*?)^```$/gms)];
  const files = blocks.flatMap(([, kind, body]) => {
    const name = kind === 'js' && /^\/\/ (\w+\.js)\n/.exec(body)?.[1];
    return name ? [[name, body]] : [];
  });
  return {
    files: Object.fromEntries(files),
    output: blocks.find(([, kind]) => kind === 'text')[2],
  };
}

describe('docs', () => {
  const write = scratch();

  for (const page of PAGES) {
    it(`${page} shows a program and what it prints`, async () => {
      const { files, output } = programOf(page);
      const folder = write(files);
      fs.mkdirSync(path.join(folder, 'node_modules'));
      fs.symlinkSync(ROOT, path.join(folder, 'node_modules', 'hawser'));
      const { stdout, stderr } = await promisify(execFile)(execPath, [
        path.join(folder, 'index.js'),
      ]);
      assert.equal(stdout, output);
      assert.equal(stderr, '');
    });
  }
});
