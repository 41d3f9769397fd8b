'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { createWorker } = require('hawser');
const { ROOT, folders, installPacked, shell } = require('./native-project');

const HEADERS = ['worker.h', 'msgpack.h', 'status.h'];
const MAX_ADDED_BYTES = 100_000;

/** Notes each call in $CALLS, and compiles nothing. Two that are to $MEET go on together. */
const NOTING_COMPILER = `
echo "$*" >>"$CALLS"
for last; do :; done
if [ "$1" != -v ]; then echo object >"$last"
elif [ -z "$MEET" ]; then :
elif mkdir "$MEET/first" 2>/dev/null; then read -r _ <"$MEET/gate"
else echo >"$MEET/gate"
fi
`;

const isThere = (tool) => spawnSync(tool, ['--version']).error === undefined;

/** The program in the comment at the top of worker.h. */
function programOfHeader() {
  const header = fs.readFileSync(path.join(ROOT, 'include/hawser/worker.h'), 'utf8');
  const lines = header.slice(0, header.indexOf('*/')).matchAll(/^ \* {3}(.*)$/gm);
  const text = Array.from(lines, ([, line]) => line).join('\n');
  return `#include <hawser/worker.h>\n${/^static void.*^}$/ms.exec(text)[0]}\n`;
}

describe('npx hawser', () => {
  const make = folders();
  let project;

  before('install the package, and compile the library', async function () {
    this.timeout(60_000);
    project = make();
    await installPacked(project);
    fs.writeFileSync(path.join(project, 'cc.sh'), NOTING_COMPILER);
    fs.writeFileSync(path.join(project, 'greet.c'), programOfHeader());
    fs.copyFileSync(path.join(project, 'greet.c'), path.join(project, 'greet.cc'));
    assert.equal((await shell(project, 'hawser libs')).stderr, '');
  });

  /** Asks for the library with a compiler that only notes what it is asked to do. */
  async function libs(more = {}) {
    const CALLS = path.join(make(), 'calls');
    const env = { CC: `sh ${project}/cc.sh`, CALLS, ...more };
    const { stdout, stderr } = await shell(project, 'hawser libs', env);
    const compiled = fs.readFileSync(CALLS, 'utf8').split('\n').slice(1, -1);
    return { library: stdout.split(' ')[0], stderr, compiled };
  }

  async function assertGreets(program) {
    const worker = await createWorker({ driver: 'native', script: path.join(project, program) });
    try {
      assert.deepEqual(await worker.send('greet', { from: program }), { from: program });
    } finally {
      await worker.shutdown();
    }
  }

  for (const [compiler, source] of [
    ['${CC:-cc}', 'greet.c'],
    ['${CXX:-c++}', 'greet.cc'],
  ]) {
    it(`cflags and libs let ${compiler} make a worker of ${source}`, async () => {
      const flags = '-Wall -Wextra -Werror $(hawser cflags) $(hawser libs)';
      const line = `${compiler} ${source} ${flags} -o ${source}.out`;
      assert.deepEqual(await shell(project, line), { code: 0, stdout: '', stderr: '' });
      await assertGreets(`${source}.out`);
    });
  }

  it('pkgconfig lets pkg-config say the same', async () => {
    const flags = '$(pkg-config --cflags --libs hawser-worker)';
    const line = `PKG_CONFIG_PATH=$(hawser pkgconfig) && export PKG_CONFIG_PATH && cc greet.c ${flags} -o configured`;
    assert.deepEqual(await shell(project, line), { code: 0, stdout: '', stderr: '' });
    await assertGreets('configured');
  });

  it(`libs adds less than ${MAX_ADDED_BYTES} bytes to a program`, async () => {
    const line = [
      `echo 'int main(void) { return 0; }' >empty.c && cc -O2 empty.c -o empty`,
      'cc -O2 greet.c $(hawser cflags) $(hawser libs) -o whole && size empty whole',
    ].join(' && ');
    const { stdout } = await shell(project, line);
    const [, empty, whole] = stdout.split('\n').map((row) => Number(row.trim().split(/\s+/)[3]));
    assert.ok(whole - empty < MAX_ADDED_BYTES, stdout);
  });

  it('libs compiles with CC and CFLAGS of the environment, once per combination', async () => {
    const first = await libs({ CFLAGS: '-g -DONE' });
    assert.equal(first.stderr, '');
    assert.ok(first.compiled.length > 10);
    for (const line of first.compiled) assert.match(line, /-g -DONE .*-std=gnu11 /);
    assert.deepEqual(await libs({ CFLAGS: '-g -DONE' }), { ...first, compiled: [] });
    const second = await libs({ CFLAGS: '-g -DTWO' });
    assert.equal(second.compiled.length, first.compiled.length);
    assert.notEqual(second.library, first.library);
  });

  it('libs may run twice at the same time', async () => {
    const MEET = make();
    await shell(MEET, 'mkfifo gate');
    const [one, other] = await Promise.all([1, 2].map(() => libs({ CFLAGS: '-DTWICE', MEET })));
    for (const { compiled, stderr } of [one, other]) {
      assert.equal(stderr, '');
      assert.ok(compiled.length > 10);
    }
    assert.equal(one.library, other.library);
    assert.deepEqual(fs.readdirSync(path.dirname(one.library)).sort(), [
      'hawser-worker.pc',
      'include',
      'libhawser-worker.a',
    ]);
    const { stdout } = await shell(project, `ar t ${one.library}`);
    assert.equal(stdout.split('\n').length - 1, one.compiled.length);
  });

  it('libs says on stderr what the compiler said, and exits with 1', async () => {
    const { code, stdout, stderr } = await shell(project, 'hawser libs', { CFLAGS: '-fno-such' });
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^hawser: cc .*\n.*-fno-such/);
  });

  it('libs names a compiler that is not there', async () => {
    const { code, stderr } = await shell(project, 'hawser libs', { CC: 'no-such-compiler' });
    assert.equal(code, 1);
    assert.match(stderr, /^hawser: no-such-compiler: not found/);
  });

  it('answers misuse with its usage and exits with 2', async () => {
    for (const line of ['hawser', 'hawser flags', 'hawser cflags libs', 'hawser toString']) {
      const { code, stdout, stderr } = await shell(project, line);
      assert.deepEqual([code, stdout], [2, ''], line);
      assert.match(stderr, /^usage: hawser cflags \| libs/);
    }
  });

  it('version is that of the package', async () => {
    const { version } = require('../../package.json');
    assert.equal((await shell(project, 'hawser version')).stdout, `${version}\n`);
  });

  it('prints a path with blanks from where it is called, or with backslashes', async () => {
    const spaced = path.join(make(), 'my work');
    fs.cpSync(project, spaced, { recursive: true, verbatimSymlinks: true });
    const { stdout } = await shell(spaced, 'hawser cflags; cd /; hawser cflags');
    const [inside, outside] = stdout.split('\n');
    assert.equal(inside, '-Inode_modules/hawser/include');
    assert.equal(outside, `-I${spaced.replace(' ', '\\ ')}/node_modules/hawser/include`);
  });

  describe('in a package that cannot be written to', () => {
    let closed;

    // A file where the folder would be: permissions mean nothing to root.
    before(() => {
      closed = path.join(project, 'node_modules/hawser/build');
      fs.renameSync(closed, `${closed}.kept`);
      fs.writeFileSync(closed, '');
    });
    after(() => {
      fs.rmSync(closed);
      fs.renameSync(`${closed}.kept`, closed);
    });

    it("keeps the library in XDG_CACHE_HOME, where only its user can write, else in HOME's .cache", async () => {
      const [XDG_CACHE_HOME, HOME] = [make(), make()];
      const { library } = await libs({ XDG_CACHE_HOME, HOME });
      assert.equal(path.dirname(path.dirname(library)), path.join(XDG_CACHE_HOME, 'hawser'));
      assert.equal(fs.statSync(path.join(XDG_CACHE_HOME, 'hawser')).mode & 0o777, 0o700);
      const inHome = await libs({ XDG_CACHE_HOME: '', HOME });
      assert.equal(path.dirname(path.dirname(inHome.library)), path.join(HOME, '.cache/hawser'));
    });

    it('trusts no folder that others can write to', async () => {
      const [XDG_CACHE_HOME, TMPDIR] = [make(), make()];
      fs.mkdirSync(path.join(XDG_CACHE_HOME, 'hawser'));
      fs.chmodSync(path.join(XDG_CACHE_HOME, 'hawser'), 0o777);
      const { library } = await libs({ XDG_CACHE_HOME, TMPDIR });
      const uid = process.getuid();
      assert.equal(path.dirname(path.dirname(library)), path.join(TMPDIR, `hawser-${uid}`));
      fs.chmodSync(path.join(TMPDIR, `hawser-${uid}`), 0o722);
      const { stderr } = await libs({ XDG_CACHE_HOME, TMPDIR });
      assert.match(stderr, /no place for the library/);
    });
  });
});

describe('the headers of native workers', () => {
  const make = folders();
  const standards = {
    c: ['c99', 'c11', 'c17'],
    'c++': ['c++11', 'c++14', 'c++17'],
  };

  for (const compiler of ['gcc', 'clang']) {
    it(`are clean for ${compiler} in each standard`, async function () {
      if (!isThere(compiler)) return this.skip();
      const folder = make();
      for (const header of HEADERS)
        fs.writeFileSync(path.join(folder, `${header}.c`), `#include <hawser/${header}>\n`);
      for (const [language, names] of Object.entries(standards)) {
        const flags = `-x ${language} -Wall -Wextra -pedantic -Werror -I'${ROOT}/include'`;
        const lines = names.map((name) => `${compiler} -fsyntax-only ${flags} -std=${name} *.h.c`);
        const { stderr } = await shell(folder, lines.join('; '));
        assert.equal(stderr, '');
      }
    });
  }
});
