'use strict';

/** Programs for isolated-workers, of which only the import was changed: examples/from-isolated-workers. */

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { ModuleKind, ScriptTarget, transpileModule } = require('typescript');
const { execPath, scratch, starter } = require('./started');

const ROOT = path.join(__dirname, '../..');
const PROGRAMS = path.join(ROOT, 'examples', 'from-isolated-workers');
const COMPILER = { module: ModuleKind.ESNext, target: ScriptTarget.ES2022 };

/** What each prints. */
const OUTPUT = {
  ping: [
    'pong: hello',
    'in a process of its own: true',
    'sums: 3, 30, 300',
    'without a result: undefined',
  ],
  'error-handling': [
    'divide: {"quotient":2}',
    'divide by zero: RangeError: division by zero',
    "missing file: Error [ENOENT]: ENOENT: no such file or directory, open '/nowhere/app.json'",
    'bad user: ValidationError [E_VALIDATION]: invalid: email, age',
    'good user: {"id":"6140622e"}',
    'unknown type: UnknownTypeError [ERR_HAWSER_UNKNOWN_TYPE]: Unknown message type: remove',
    'stack names the worker: true',
  ],
  middleware: [
    '>> price {"fruit":"Pear","count":3}',
    '<< priceResult {"total":135,"by":"shop"}',
    "total: { total: 135, by: 'shop' }",
    '>> price {"fruit":"pear","count":-1}',
    "Middleware error (send) of 'price': count must be positive",
    '>> stock {"fruit":"kiwi"}',
    '<< stockError {"name":"Error","message":"no such fruit: kiwi","stack":"..."}',
    'failed: no such fruit: kiwi',
  ],
  timeouts: [
    'before: { length: 6, known: false }',
    'gave up: Request timeout after 100ms: crawl',
    'gave up: Request timeout after 100ms: crawl',
    'after: { length: 6, known: true }',
    'gave up: Request timeout after 50ms: crawl',
  ],
  'image-batches': [
    'image 0: 49152 pixels, mean 207',
    'image 1: 49152 pixels, mean 161',
    'image 2: 49152 pixels, mean 237',
    '12 images in 3 batches: ded7fe3d038be6f1',
  ],
  'custom-serializer': [
    'ends: 2026-05-01T20:00:00.000Z',
    'row A: 11n',
    'row B: 9007199254740992n',
    'Serializer mismatch: host uses JsonSerializer, worker uses TaggedSerializer. Ensure both client and server use the same serializer class.',
  ],
  lifecycle: [
    'started: pid number, active true, connected true',
    'counter: 10',
    'counter: 30',
    'counter: 60',
    'requests: 4',
    'worker: served 4',
    'closed: pid undefined, active false, connected false',
    'refused: Worker is not active',
  ],
  'crash-retry': [
    'rendered: 1/1000 2/2000 3/3000',
    'in another process: true',
    'charge crashed: exit SIGKILL 1/1',
    'goes on: 4000',
  ],
};

/** What some say on stderr too. */
const SAID = {
  'custom-serializer': /^hawser: the script could not be started: HandshakeError: Serializer mism/,
};

/** As JavaScript, which is what Node 20 runs. */
function sources(program) {
  const folder = path.join(PROGRAMS, program);
  const files = fs.readdirSync(folder).map((name) => {
    const text = fs.readFileSync(path.join(folder, name), 'utf8');
    if (!name.endsWith('.mts')) return [name, text];
    const { outputText } = transpileModule(text, { compilerOptions: COMPILER, fileName: name });
    return [name.replace(/mts$/, 'mjs'), outputText];
  });
  return Object.fromEntries(files);
}

describe('a program written for isolated-workers', () => {
  const write = scratch();

  it('is each of those in examples/from-isolated-workers', () => {
    assert.deepEqual(Object.keys(OUTPUT).sort(), fs.readdirSync(PROGRAMS).sort());
  });

  for (const [program, lines] of Object.entries(OUTPUT)) {
    it(`such as ${program} runs, prints what it should, and ends`, async () => {
      const folder = write(sources(program));
      fs.mkdirSync(path.join(folder, 'node_modules'));
      fs.symlinkSync(ROOT, path.join(folder, 'node_modules', 'hawser'), 'dir');
      const { stdout, stderr } = await promisify(execFile)(execPath, ['host.mjs'], { cwd: folder });
      assert.deepEqual(stdout.trimEnd().split('\n'), lines);
      assert.match(stderr, SAID[program] ?? /^$/);
    });
  }
});

/** Where what isolated-workers does is a defect. */
for (const transport of ['shm', 'socket']) {
  describe(`a worker that came from isolated-workers, over ${transport}`, () => {
    const starting = starter();
    const write = scratch();
    const start = (name, options) => starting(name, { transport, ...options });

    it('gets every character of a text of some megabytes whole, wherever it is cut', async () => {
      for (const serializer of ['structured', 'json']) {
        const worker = await start('verbs.js', { serializer });
        for (const before of ['', '-', '--', '---']) {
          const text = before + 'ä€🙂'.repeat(200_000);
          assert.ok((await worker.send('echo', { text })).text === text, `${serializer} ${before}`);
        }
      }
    });

    it('that crashed and is started again gets payloads as the middleware made them, once', async () => {
      const file = path.join(write({}), 'met');
      let runs = 0;
      const middleware = ({ kind, message }) =>
        kind === 'request' ? { ...message, value: `${message.value} ${++runs}` } : undefined;
      const unexpectedShutdown = { strategy: 'retry' };
      const worker = await start('mortal.js', { middleware, unexpectedShutdown, stdio: 'ignore' });
      assert.equal(await worker.send('dieOnce', { file, value: 'run' }), 'run 1');
      assert.equal(runs, 1);
    });

    it('that has crashed is closed at once, however long a shutdown may take', async () => {
      const worker = await start('verbs.js', { shutdownTimeout: 0, stdio: 'ignore' });
      await Promise.all([once(worker, 'exit'), assert.rejects(worker.send('kill', 'SIGKILL'))]);
      await Promise.all([worker.close(), worker.shutdown(), worker.terminate()]);
      assert.equal(worker.state, 'crashed');
    });

    it('has no socket with a name that another process could connect to', async () => {
      const worker = await start('verbs.js');
      const held = [...socketsOf(process.pid), ...socketsOf(worker.pid)];
      assert.ok(held.length > 0);
      const named = namedSockets();
      assert.deepEqual(
        held.filter((inode) => named.has(inode)),
        [],
      );
    });
  });
}

/** Inodes of the sockets that a process holds. */
function socketsOf(pid) {
  const folder = `/proc/${pid}/fd`;
  const links = fs.readdirSync(folder).map((fd) => {
    try {
      return fs.readlinkSync(path.join(folder, fd));
    } catch {
      return ''; // the descriptor of the folder itself
    }
  });
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}

function namedSockets() {
  const lines = fs.readFileSync('/proc/net/unix', 'utf8').split('\n').slice(1);
  const fields = lines.map((line) => line.trim().split(/\s+/));
  return new Set(fields.filter(({ length }) => length > 7).map((field) => field[6]));
}

describe('a worker that is slow to start', () => {
  const start = starter();

  it('is waited for as long as the startup timeout lets it, not for a number of tries', async () => {
    const worker = await start('starts-late.mjs', { workerData: 2000 });
    assert.equal(await worker.send('waited'), 2000);
  });
});
