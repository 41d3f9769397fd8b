'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { createWorker, Serializer } = require('hawser');

const ROOT = path.join(__dirname, '..', '..');

/** The C files that a program is linked with. */
function runtime() {
  return ['core', 'os', 'sdk'].flatMap((room) =>
    fs
      .readdirSync(path.join(ROOT, 'src', room))
      .filter((name) => name.endsWith('.c') && !name.endsWith('_win.c'))
      .map((name) => path.join(ROOT, 'src', room, name)),
  );
}

describe("driver 'native'", function () {
  let folder;
  let program;
  const workers = [];

  before(function () {
    this.timeout(60_000); // a compiler runs
    folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-native-')));
    program = path.join(folder, 'program');
    const includes = ['src', 'include'].map((name) => `-I${path.join(ROOT, name)}`);
    const source = path.join(__dirname, 'programs', 'start.c');
    const args = ['-std=gnu11', '-O0', ...includes, source, ...runtime(), '-pthread'];
    execFileSync(process.env.CC || 'cc', [...args, '-o', program]);
  });
  after(() => fs.rmSync(folder, { recursive: true }));
  afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.terminate())));

  async function start(options) {
    const worker = await createWorker({ script: program, driver: 'native', ...options });
    workers.push(worker);
    return worker;
  }

  it('starts a program with its arguments, environment, folder and name', async () => {
    const env = { ...process.env, MARK: 'here', PWD: 'elsewhere' };
    const options = { argv: ['a', '--b c'], env, name: 'café λ', cwd: folder };
    const worker = await start({ script: './program', ...options });
    assert.equal(worker.driver, 'native');
    assert.deepEqual(await worker.send('start'), ['café λ', 'elsewhere', 'here', 'a', '--b c']);
    await worker.shutdown();
  });

  it('takes a file: URL', async () => {
    const worker = await start({ script: pathToFileURL(program) });
    assert.deepEqual((await worker.send('start'))[0], null);
  });

  it('hands workerData in the bytes of the serializer', async () => {
    const workerData = { list: [1, 'x', Buffer.from('y')], when: new Date(5) };
    const worker = await start({ workerData });
    assert.deepEqual(await worker.send('data'), workerData);
    const none = await start();
    assert.equal(await none.send('data'), undefined);
    const json = await start({ workerData: { a: [null] }, serializer: 'json' });
    assert.deepEqual(await json.send('data'), { a: [null] });
    const raw = await start({ workerData: Buffer.from('abc'), serializer: 'raw' });
    assert.deepEqual(await raw.send('data'), Buffer.from('abc'));
  });

  it('carries JSON and bytes as well as MessagePack in answers', async () => {
    const worker = await start();
    const value = { id: 1, list: [undefined, null, 2n ** 60n, Buffer.from('b')] };
    assert.deepEqual(await worker.send('echo', value), value);
    assert.equal(await worker.send('echo'), undefined);
    assert.deepEqual(await worker.send('json'), { a: [1] });
  });

  it('an answer that is no value fails its call only', async () => {
    const worker = await start();
    await assert.rejects(worker.send('nonsense'), { name: 'ProtocolError', rule: 'P9.3' });
    assert.equal(await worker.send('echo', 1), 1);
  });

  it('errors arrive with class, code, properties, cause and a stack that begins with them', async () => {
    const worker = await start();
    const error = await worker.send('fail').catch((reason) => reason);
    assert.equal(error.constructor.name, 'UnknownTypeError');
    assert.equal(error.code, 'E_FISH');
    assert.equal(error.depth, 3);
    assert.equal(error.cause.message, 'deep sea');
    assert.match(error.stack, /^UnknownTypeError: no such fish\n {4}at <hawser worker>\n/);
  });

  it('a program that refuses to start is a WorkerStartError with its reason', async () => {
    await assert.rejects(start({ argv: ['refuse'] }), (error) => {
      assert.equal(error.name, 'WorkerStartError');
      assert.match(error.message, /not today/);
      assert.ok(error.cause instanceof RangeError);
      assert.equal(error.cause.code, 'E_START');
      return true;
    });
  });

  it('a program that leaves before it is ready is one with its exit code and stderr', async () => {
    const expected = { name: 'WorkerStartError', exitCode: 3, stderrTail: 'no reason at all\n' };
    await assert.rejects(start({ argv: ['leave'], stdio: 'pipe' }), expected);
  });

  it('what cannot be started is named by the error', async () => {
    const script = path.join(folder, 'script');
    fs.writeFileSync(script, '#!/no/such/interpreter\n', { mode: 0o755 });
    const refuses = (options, text) =>
      assert.rejects(start(options), (error) => {
        assert.equal(error.name, 'WorkerStartError');
        assert.ok(error.message.endsWith(text), error.message);
        return true;
      });
    await refuses({ script }, `the interpreter that ${script} names does not exist (ENOENT)`);
    const below = path.join(program, 'x');
    await refuses({ script: below }, `${below} does not exist (ENOTDIR)`);
    await refuses({ cwd: program }, `its cwd ${program} is no directory`);
  });

  it('workerData that is no payload is named by the error', async () => {
    await assert.rejects(start({ workerData: {}, serializer: 'raw' }), {
      name: 'SerializationError',
      message: "workerData: codec 'raw' carries bytes only",
      path: 'workerData',
    });
    const workerData = Buffer.alloc(65 * 1024 * 1024);
    const expected = { name: 'TooLargeError', message: /^workerData: a message of over / };
    await assert.rejects(start({ workerData }), expected);
  });

  it('a serializer that the program does not know is a HandshakeError', async () => {
    class Own extends Serializer {}
    await assert.rejects(start({ serializer: new Own() }), { name: 'HandshakeError' });
  });
});
