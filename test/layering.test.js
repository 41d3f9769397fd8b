'use strict';

/** The include law of ARCHITECTURE.md: arrows point inward only. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');

// No stdio, time or threads: the core has no clock, no lock, and nobody to print to.
const LIBC =
  /^<(assert|errno|inttypes|limits|stdalign|stdatomic|stdbool|stddef|stdint|stdlib|string)\.h>$/;
const STATUS = /^<hawser\/status\.h>$/;
const SYSTEM = /^<(?!hawser\/|uv\.h|node_api|js_native)[\w./]+\.h>$/;

const RULES = {
  'include/hawser': [/^<std(bool|def|int)\.h>$/, /^<hawser\//],
  'src/core': [LIBC, STATUS, /^"core\//],
  'src/os': [LIBC, STATUS, /^"os\//],
  'src/transport': [
    LIBC,
    STATUS,
    /^"core\/(buf|ring)\.h"$/,
    /^"os\//,
    /^"transport\//,
    /^<uv\.h>$/,
  ],
  'src/sdk': [LIBC, /^<stdio\.h>$/, /^<hawser\//, /^"core\//, /^"os\//, /^"sdk\//],
  'src/binding': [
    LIBC,
    STATUS,
    /^"core\//,
    /^"transport\/transport\.h"$/,
    /^"binding\//,
    /^<node_api\.h>$/,
    /^<stdio\.h>$/, // snprintf
  ],
};

/** Headers of an operating system may stand only in the file that is named after it. */
const rulesFor = (room, name) =>
  room === 'src/os' && /_(unix|linux|darwin|win)\.c$/.test(name)
    ? [...RULES[room], SYSTEM]
    : RULES[room];

/** @returns {string[]} the includes of a C file that its room may not have */
function forbiddenIncludes(room, name, text) {
  const includes = [...text.matchAll(/^[ \t]*#[ \t]*include[ \t]*(<[^>]*>|"[^"]*"|\S+)/gm)];
  return includes
    .map((match) => match[1])
    .filter((include) => !rulesFor(room, name).some((rule) => rule.test(include)));
}

/** @returns {string[]} the ways in which a file of lib reaches the addon */
function addonAccesses(text) {
  return text.match(/node-gyp-build|process\.dlopen|\.node['"`]|HAWSER_ADDON/g) ?? [];
}

const filesOf = (folder, pattern) =>
  fs
    .readdirSync(path.join(ROOT, folder), { recursive: true })
    .map(String)
    .filter((name) => pattern.test(name));
const read = (...parts) => fs.readFileSync(path.join(ROOT, ...parts), 'utf8');

describe('the include law', () => {
  const present = (room) => room !== 'src/sdk' || fs.existsSync(path.join(ROOT, room));
  const rooms = Object.keys(RULES).filter(present); // the worker runtime comes later

  for (const room of rooms) {
    it(`holds in ${room}`, () => {
      const files = filesOf(room, /\.[ch]$/);
      const found = files.flatMap((name) =>
        forbiddenIncludes(room, name, read(room, name)).map((include) => `${name}: ${include}`),
      );
      assert.ok(files.length > 0, `${room} is empty`);
      assert.deepEqual(found, []);
    });
  }

  it('covers every folder below src', () => {
    const folders = fs.readdirSync(path.join(ROOT, 'src'));
    assert.deepEqual(
      folders.filter((name) => !RULES[`src/${name}`]),
      [],
    );
  });

  it('lets only lib/binding.js reach the addon', () => {
    const files = filesOf('lib', /\.m?js$/);
    const reaching = files.filter((name) => addonAccesses(read('lib', name)).length > 0);
    assert.deepEqual(reaching, ['binding.js']);
  });

  it('knows every C file of the addon by name in binding.gyp', () => {
    const listed = read('binding.gyp').match(/src\/[\w/]+\.c\b/g);
    const present = ['core', 'os', 'transport', 'binding'].flatMap((room) =>
      filesOf(`src/${room}`, /\.c$/).map((name) => `src/${room}/${name}`),
    );
    assert.deepEqual(
      present.filter((file) => !listed.includes(file)),
      [],
    );
  });
});

describe('the checker of the include law', () => {
  const cases = [
    ['src/core', 'ring.c', '#include <uv.h>'],
    ['src/core', 'ring.c', '  #  include <time.h>'],
    ['src/core', 'ring.c', '#include "os/os.h"'],
    ['src/core', 'ring.c', '#include CORE_HEADER'],
    ['src/os', 'os.h', '#include <sys/mman.h>'],
    ['src/os', 'os_unix.c', '#include <uv.h>'],
    ['src/os', 'os_unix.c', '#include "core/ring.h"'],
    ['src/transport', 'shm.c', '#include "core/session.h"'],
    ['src/transport', 'shm.c', '#include <node_api.h>'],
    ['src/binding', 'link.c', '#include <uv.h>'],
    ['src/sdk', 'worker.c', '#include "transport/transport.h"'],
    ['include/hawser', 'worker.h', '#include <stdio.h>'],
  ];
  for (const [room, name, text] of cases) {
    it(`rejects ${text.trim()} in ${room}/${name}`, () => {
      assert.equal(forbiddenIncludes(room, name, `${text}\n#include <stdint.h>\n`).length, 1);
    });
  }

  it('lets a file that is named after an operating system include its headers', () => {
    assert.deepEqual(forbiddenIncludes('src/os', 'os_unix.c', '#include <sys/mman.h>'), []);
  });

  it('sees each way to the addon', () => {
    const text =
      "require('../build/Release/hawser.node'); process.dlopen(m, f); require('node-gyp-build')";
    assert.equal(addonAccesses(text).length, 3);
  });
});
