'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { createWorker } = require('hawser');
const { execPath, fixture, scratch, starter } = require('./started');

const COMMONJS = 'exports.kind = () => typeof require;\n';
const ES_MODULE = 'export const kind = () => typeof require;\n';
const MODULE_PACKAGE = '{ "type": "module" }\n';
const STRIPS_TYPES = execFileSync(execPath, ['-p', 'Boolean(process.features.typescript)'], {
  encoding: 'utf8',
}).startsWith('true');

describe('the script of a worker', () => {
  const start = starter();
  const write = scratch();
  const startIn = (folder, name, options) => start(path.join(folder, name), options);

  const kinds = [
    ['a .js file without a package', 'a.js', COMMONJS, 'function'],
    ['a .cjs file', 'a.cjs', COMMONJS, 'function'],
    ['a .mjs file', 'a.mjs', ES_MODULE, 'undefined'],
    ['a .js file with the syntax of ES modules', 'a.js', ES_MODULE, 'undefined'],
    ['one that also awaits', 'a.js', `await null;\n${ES_MODULE}`, 'undefined'],
    ['a .mjs file that awaits', 'a.mjs', `await null;\n${ES_MODULE}`, 'undefined'],
  ];
  for (const [what, name, text, expected] of kinds) {
    it(`may be ${what}`, async () => {
      const worker = await startIn(write({ [name]: text }), name);
      assert.equal(await worker.send('kind'), expected);
    });
  }

  it('may be a .js file in a package of type module', async () => {
    const folder = write({ 'package.json': MODULE_PACKAGE, 'a.js': ES_MODULE });
    assert.equal(await (await startIn(folder, 'a.js')).send('kind'), 'undefined');
  });

  it('may be a .cjs file in a package of type module', async () => {
    const folder = write({ 'package.json': MODULE_PACKAGE, 'a.cjs': COMMONJS });
    assert.equal(await (await startIn(folder, 'a.cjs')).send('kind'), 'function');
  });

  it('that requires what only import can load is evaluated once, and does not start', async () => {
    const folder = write({
      'a.js': "process.stderr.write('evaluated\\n');\nrequire('./b.mjs');\n",
      'b.mjs': `await null;\n${ES_MODULE}`,
    });
    await assert.rejects(startIn(folder, 'a.js'), ({ name, stderrTail }) => {
      assert.equal(name, 'WorkerStartError');
      assert.equal(stderrTail.split('evaluated\n').length, 2, stderrTail);
      return true;
    });
  });

  it('may be named without its ending', async () => {
    const folder = write({ 'a.js': COMMONJS });
    assert.equal(await (await startIn(folder, 'a')).send('kind'), 'function');
  });

  it('may lie where the path has spaces, % and #', async () => {
    const name = 'a b%20#c.mjs';
    const folder = write({ [name]: ES_MODULE });
    const url = pathToFileURL(path.join(folder, name));
    for (const script of [url, path.join(folder, name)]) {
      const worker = await start('', { script });
      assert.equal(await worker.send('kind'), 'undefined');
    }
  });

  it('may be a URL object or the text of a file: URL', async () => {
    const url = pathToFileURL(fixture('verbs.js'));
    for (const script of [url, url.href]) {
      const worker = await createWorker(script, { execPath });
      assert.equal((await worker.send('about')).argv[1], fixture('verbs.js'));
      await worker.shutdown();
    }
  });

  for (const name of ['script', 'workerScript', 'filename']) {
    it(`may be given as the option ${name}`, async () => {
      const worker = await start(undefined, { script: undefined, [name]: fixture('verbs.js') });
      assert.equal(await worker.send('echo', 1), 1);
    });
  }

  it('is relative to the option cwd', async () => {
    const folder = write({ 'a.js': 'exports.cwd = () => process.cwd();\n' });
    for (const script of ['a.js', './a.js']) {
      const worker = await start('', { script, cwd: folder });
      assert.equal(await worker.send('cwd'), folder);
    }
  });

  it('is relative to the cwd of the process', async () => {
    const script = path.relative(process.cwd(), fixture('verbs.js'));
    const worker = await start('', { script });
    assert.equal(await worker.send('echo', 1), 1);
  });

  it('is argv[1] and, in CommonJS, require.main', async () => {
    const worker = await start('verbs.js', { argv: ['--flag', 'two words'] });
    const { argv, isMain } = await worker.send('about');
    assert.deepEqual(argv, [execPath, fixture('verbs.js'), '--flag', 'two words']);
    assert.equal(isMain, true);
  });

  describe('in TypeScript', () => {
    const TYPED = 'const n: number = 1;\n';
    const sources = {
      'a.ts': `${TYPED}exports.kind = (): string => typeof require;\n`,
      'a.cts': `${TYPED}exports.kind = (): string => typeof require;\n`,
      'a.mts': `${TYPED}export const kind = (): string => typeof require;\n`,
      'esm.ts': `${TYPED}export const kind = (): string => typeof require;\n`,
    };
    for (const [name, text] of Object.entries(sources)) {
      if (STRIPS_TYPES) {
        it(`is served, ${name}`, async () => {
          const worker = await startIn(write({ [name]: text }), name);
          assert.equal(
            await worker.send('kind'),
            name[2] === 'c' || name === 'a.ts' ? 'function' : 'undefined',
          );
        });
      } else {
        it(`is a WorkerStartError that says so, ${name}`, async () => {
          await assert.rejects(startIn(write({ [name]: text }), name), (error) => {
            assert.equal(error.name, 'WorkerStartError');
            assert.match(error.message, /does not strip types/);
            assert.ok(error.cause.cause instanceof Error);
            return true;
          });
        });
      }
    }

    it('is left to a loader of the user, where there is one', async () => {
      const folder = write({
        'loader.js':
          "require.extensions['.ts'] = (m) => m._compile('exports.kind = () => 1', m.filename);\n",
        'a.ts': sources['a.ts'],
      });
      const execArgv = ['--require', path.join(folder, 'loader.js')];
      assert.equal(await (await startIn(folder, 'a.ts', { execArgv })).send('kind'), 1);
    });
  });

  describe('that only exports', () => {
    it('serves its functions, by their names', async () => {
      const worker = await start('exports-mixed.js');
      assert.equal(await worker.send('plain'), 'plain');
      assert.equal(await worker.send('slow'), 'slow');
      assert.equal(await worker.send('bound'), 'bound');
    });

    it('does not serve what is no own enumerable function', async () => {
      const worker = await start('exports-mixed.js');
      for (const type of ['number', 'instance', 'inherited', 'hidden', 'toString', '__proto__'])
        await assert.rejects(worker.send(type), {
          code: 'ERR_HAWSER_UNKNOWN_TYPE',
          messageType: type,
        });
    });

    it("serves a bare function as 'default'", async () => {
      const folder = write({ 'a.js': 'module.exports = (n) => n + 1;\n' });
      assert.equal(await (await startIn(folder, 'a.js')).send('default', 1), 2);
    });

    it("serves the default export of an ES module as 'default', beside the named ones", async () => {
      const text = 'export default (n) => n + 1;\nexport const twice = (n) => 2 * n;\n';
      const worker = await startIn(write({ 'a.mjs': text }), 'a.mjs');
      assert.deepEqual([await worker.send('default', 3), await worker.send('twice', 3)], [4, 6]);
    });

    it('serves functions whose names are odd', async () => {
      const text =
        "exports[''] = () => 1;\nexports['naïve λ'] = () => 2;\nexports.then = () => 3;\n";
      const worker = await startIn(write({ 'a.js': text }), 'a.js');
      const answers = ['', 'naïve λ', 'then'].map((type) => worker.send(type));
      assert.deepEqual(await Promise.all(answers), [1, 2, 3]);
    });

    it('serves nothing where there is nothing, and still lives', async () => {
      const worker = await startIn(write({ 'a.js': '' }), 'a.js');
      await assert.rejects(worker.send('default'), { code: 'ERR_HAWSER_UNKNOWN_TYPE' });
      assert.ok((await worker.ping()) > 0);
    });
  });
});

describe('a host that was given its program by --eval', () => {
  const program = (load) =>
    `${load}; createWorker(${JSON.stringify(fixture('verbs.js'))}, { execPath: process.execPath })
      .then(async (w) => { console.log(JSON.stringify((await w.send('about')).execArgv)); await w.shutdown(); });`;
  const run = (...args) =>
    JSON.parse(
      execFileSync(execPath, args, {
        encoding: 'utf8',
        timeout: 15_000,
        cwd: __dirname,
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    );

  it('does not give it to its workers too', () => {
    const code = program("const { createWorker } = require('hawser')");
    assert.deepEqual(run('--no-warnings', '-e', code), ['--no-warnings']);
  });

  it('may have been an ES module', () => {
    const code = program("import { createWorker } from 'hawser'");
    assert.deepEqual(run('--input-type=module', '--no-warnings', '--eval', code), [
      '--no-warnings',
    ]);
  });
});
