'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { bin, exports: doors, files, typesVersions } = require('../../package.json');

const ROOT = path.join(__dirname, '../..');
const isPublished = (file) => files.some((part) => file === part || file.startsWith(`${part}/`));

describe('package.json', () => {
  it('names the types of every door also for compilers that do not read "exports"', () => {
    const inside = Object.entries(doors).filter(([door, { types }]) => door !== '.' && types);
    assert.deepEqual(
      typesVersions['*'],
      Object.fromEntries(inside.map(([door, { types }]) => [door.slice(2), [types]])),
    );
  });

  it('carries each command as a file that can be run, and what that requires', () => {
    for (const command of Object.values(bin)) {
      const required = fs.readFileSync(path.join(ROOT, command), 'utf8').matchAll(/'\.\.\/(.*?)'/g);
      const wanted = [command, ...Array.from(required, ([, file]) => file)];
      const missing = wanted.filter((file) => file !== 'package.json' && !isPublished(file));
      assert.deepEqual(missing, []);
      assert.equal(fs.statSync(path.join(ROOT, command)).mode & 0o111, 0o111);
    }
  });
});
