'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
const CC = process.env.CC || 'cc';
const LINUX_ONLY = /memfd_create|fallocate|prctl|eventfd|epoll|signalfd|pidfd|accept4|pipe2|futex/;

const compile = (cc, file, ...flags) =>
  spawnSync(cc, ['-std=gnu11', '-Wall', '-Wextra', '-Isrc', '-Iinclude', ...flags, file], {
    cwd: ROOT,
    encoding: 'utf8',
  });

describe('src/os', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-portable-'));
  after(() => fs.rmSync(folder, { recursive: true }));

  for (const name of ['os_unix', 'named_unix']) {
    it(`${name}.c calls nothing of Linux alone outside its guards`, () => {
      const object = path.join(folder, `${name}.s`);
      const flags = [
        '-U__linux__',
        '-D_GNU_SOURCE',
        '-Wno-implicit-function-declaration',
        '-S',
        '-o',
        object,
      ];
      const { status, stderr } = compile(CC, `src/os/${name}.c`, ...flags);
      assert.equal(status, 0, stderr);
      assert.doesNotMatch(fs.readFileSync(object, 'utf8'), LINUX_ONLY);
    });
  }

  it('alone makes calls of Linux: no other room names one', () => {
    const rooms = ['core', 'transport', 'binding'].map((room) => path.join(ROOT, 'src', room));
    for (const room of rooms)
      for (const name of fs.readdirSync(room))
        assert.doesNotMatch(fs.readFileSync(path.join(room, name), 'utf8'), LINUX_ONLY, name);
  });
});
