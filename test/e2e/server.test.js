'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const hawser = require('hawser');
const { startWorkerServer, isWorker, workerData } = require('hawser/worker');
const { scratch, starter } = require('./started');

const PRELUDE = "const { startWorkerServer, isWorker, workerData } = require('hawser/worker');\n";

describe('startWorkerServer', () => {
  const start = starter();
  const write = scratch();
  const root = path.join(__dirname, '..', '..');
  // So that `require('hawser')` finds this package from a folder of its own.
  const startText = (text, options) => {
    const prelude = PRELUDE.replace('hawser/worker', path.join(root, 'lib', 'worker.js'));
    return start(path.join(write({ 'a.js': `${prelude}${text}` }), 'a.js'), options);
  };

  it('serves its handlers instead of the exports', async () => {
    const worker = await startText(
      'exports.exported = () => 1;\nstartWorkerServer({ given: () => 2 });\n',
    );
    assert.equal(await worker.send('given'), 2);
    await assert.rejects(worker.send('exported'), { code: 'ERR_HAWSER_UNKNOWN_TYPE' });
  });

  it('may be awaited by an ES module', async () => {
    const worker = await start('served.mjs');
    assert.equal(await worker.send('running'), true);
  });

  it('serves from either copy of the package', async () => {
    const file = JSON.stringify(path.join(root, 'lib', 'worker.js'));
    const worker = await startText(`delete require.cache[${file}];
      const again = require(${file});
      again.startWorkerServer({ same: () => again.startWorkerServer !== startWorkerServer });\n`);
    assert.equal(await worker.send('same'), true);
  });

  it('called twice is a TypeError for the second, and the first serves', async () => {
    const worker = await startText(`let refused;
      startWorkerServer({ why: () => refused });
      startWorkerServer({}).catch((error) => (refused = error));\n`);
    const error = await worker.send('why');
    assert.ok(error instanceof TypeError);
    assert.match(error.message, /once/);
  });

  for (const [what, text] of [
    ['was refused, which nobody handles,', "startWorkerServer({ a: 'TypeError' });\n"],
    ['was called twice, which nobody handles,', 'startWorkerServer({});\nstartWorkerServer({});\n'],
    ['is followed by a throw', "startWorkerServer({ a() {} });\nthrow new TypeError('late');\n"],
    [
      'is followed by a rejection',
      "startWorkerServer({});\nPromise.reject(new TypeError('late'));\n",
    ],
  ]) {
    it(`that ${what} is a WorkerStartError`, async () => {
      await assert.rejects(startText(text, { stdio: 'pipe' }), (error) => {
        assert.equal(error.name, 'WorkerStartError', error.stack);
        assert.equal(error.exitCode, 1);
        assert.match(error.stderrTail, /TypeError/);
        return true;
      });
    });
  }

  it('called when the script has been evaluated is a TypeError', async () => {
    const worker = await startText(
      'exports.late = () => startWorkerServer({}).catch((error) => error);\n',
    );
    const error = await worker.send('late');
    assert.ok(error instanceof TypeError);
    assert.match(error.message, /before the evaluation/);
  });

  it('tells onShutdown the reason, when what ran has ended', async () => {
    const worker = await start('says-goodbye.js', { stdio: 'pipe' });
    let said = '';
    worker.stdout.setEncoding('utf8').on('data', (text) => (said += text));
    const ended = new Promise((resolve) => worker.stdout.once('end', resolve));
    const call = worker.send('slow');
    await worker.shutdown();
    assert.equal(await call, 'done');
    await ended;
    assert.equal(said, 'slow ended, shutdown\n');
  });

  it('waits for an onShutdown that is asynchronous, and exits with 0 though it throws', async () => {
    const worker = await startText(
      `startWorkerServer({}, { onShutdown: async () => { await null; throw new Error('oops'); } });\n`,
      { stdio: 'ignore' },
    );
    const exited = new Promise((resolve) => worker.once('exit', (...how) => resolve(how)));
    await worker.shutdown();
    assert.deepEqual(await exited, [0, null]);
  });

  it('gives a server that stop() ends, for the reason stop', async () => {
    const worker = await start('stops-itself.js', { stdio: 'pipe' });
    let said = '';
    worker.stdout.setEncoding('utf8').on('data', (text) => (said += text));
    const ended = new Promise((resolve) => worker.stdout.once('end', resolve));
    const exited = new Promise((resolve) => worker.once('exit', (...how) => resolve(how)));
    worker.post('stop');
    assert.deepEqual(await exited, [0, null]);
    await ended;
    assert.equal(said, 'true, then stop, then false\n');
  });

  describe('refuses', () => {
    const cases = [
      ['', 'TypeError', /handlers must be an object of functions, got undefined/],
      ['null', 'TypeError', /handlers must be an object of functions, got null/],
      ['[() => {}]', 'TypeError', /handlers must be an object of functions, got \[/],
      ['{ a: 1 }', 'TypeError', /handler 'a' must be a function, got 1/],
      ['{}, null', 'TypeError', /server options must be an object, got null/],
      ['{}, 5', 'TypeError', /server options must be an object, got 5/],
      ['{}, { onStrat() {} }', 'TypeError', /unknown server option 'onStrat'/],
      ['{}, { onStart: 1 }', 'TypeError', /'onStart' must be a function, got 1/],
      ['{}, { onShutdown: {} }', 'TypeError', /'onShutdown' must be a function, got {}/],
      ['{}, { serializer: "jsno" }', 'TypeError', /'serializer' must be .*got 'jsno'/],
      ['{}, { maxConcurrency: 0 }', 'RangeError', /'maxConcurrency' must be .*got 0/],
      ['{}, { maxConcurrency: "2" }', 'TypeError', /'maxConcurrency' must be .*got '2'/],
      ['{}, { middleware: [1] }', 'TypeError', /'middleware' must be a function or an array/],
      ['{}, { logLevel: "loud" }', 'TypeError', /'logLevel' must be .*got 'loud'/],
      ['{}, { logger: {} }', 'TypeError', /'logger' must be an object with debug, info/],
      ['{}, { txIdGenerator: "x" }', 'TypeError', /'txIdGenerator' must be a function, got 'x'/],
    ];
    it('what is wrong, by the name of the option (A6)', async () => {
      const attempts = cases.map(([args]) => `startWorkerServer(${args}).catch((error) => error)`);
      const worker = await startText(
        `const refused = Promise.all([${attempts}]);\nexports.why = () => refused;\n`,
      );
      const refused = await worker.send('why');
      cases.forEach(([args, name, message], i) => {
        assert.equal(refused[i].name, name, args);
        assert.match(refused[i].message, message);
      });
    });

    it('a process that is no worker', async () => {
      assert.equal(isWorker, false);
      assert.equal(workerData, undefined);
      assert.equal(hawser.isWorker, false);
      await assert.rejects(startWorkerServer({}), {
        name: 'TypeError',
        message: /not started by createWorker/,
      });
    });
  });
});

describe('what a worker finds', () => {
  const start = starter();

  const data = {
    undefined,
    'text and a BigInt': ['naïve \ud800', 2n ** 70n],
    'a Map with a Date': new Map([['at', new Date(5)]]),
    'a cycle': (() => {
      const object = { list: [] };
      object.list.push(object);
      return object;
    })(),
    'an error': new RangeError('far', { cause: 'near' }),
    'a Buffer of 1 MiB': Buffer.alloc(1024 * 1024, 'w'),
  };
  for (const [name, workerData] of Object.entries(data)) {
    it(`in workerData is ${name}`, async () => {
      const worker = await start('verbs.js', { workerData });
      assert.deepEqual((await worker.send('about')).workerData, workerData);
    });
  }

  it('in workerData is what it was at the call (A4)', async () => {
    const workerData = { list: [1], bytes: Buffer.from('abc') };
    const started = start('verbs.js', { workerData });
    workerData.list.push(2);
    workerData.bytes.fill('z');
    const about = await (await started).send('about');
    assert.deepEqual(about.workerData, { list: [1], bytes: Buffer.from('abc') });
  });

  it('in isWorker is true', async () => {
    assert.equal((await (await start()).send('about')).isWorker, true);
  });

  for (const name of ['index.js', 'worker.js']) {
    it(`in isWorker and workerData is the same where lib/${name} was preloaded`, async () => {
      const execArgv = ['--require', path.join(__dirname, '..', '..', 'lib', name)];
      const worker = await start('verbs.js', { execArgv, workerData: 5 });
      const about = await worker.send('about');
      assert.deepEqual([about.isWorker, about.workerData], [true, 5]);
    });
  }

  it('in process.env is env and nothing else', async () => {
    const env = { ONLY: 'this', EMPTY: '' };
    assert.deepEqual((await (await start('verbs.js', { env })).send('about')).env, env);
  });

  it("in process.env is the host's, by default, without a variable of ours", async () => {
    const about = await (await start()).send('about');
    assert.deepEqual(about.env, { ...process.env });
  });

  it('in process.execArgv is execArgv', async () => {
    const execArgv = ['--no-deprecation', '--stack-trace-limit=5'];
    const about = await (await start('verbs.js', { execArgv })).send('about');
    assert.deepEqual(about.execArgv, execArgv);
  });

  it('in process.cwd() is cwd', async () => {
    const about = await (await start('verbs.js', { cwd: __dirname })).send('about');
    assert.equal(about.cwd, __dirname);
  });

  it('in process.title is name', async () => {
    const about = await (await start('verbs.js', { name: 'hawser e2e' })).send('about');
    assert.equal(about.title, 'hawser e2e');
  });

  it('may itself have workers', async () => {
    const worker = await start('has-a-worker.js');
    assert.deepEqual(await worker.send('through', { a: [1n] }), { a: [1n] });
  });
});
