'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { runProgram } = require('./program');

const CC = process.env.CC || 'cc';
const { ENOSYS, ENOSPC, ENOMEM, EPERM, EMFILE, ENFILE, EAGAIN } = os.constants.errno;
const MOST_ALLOCATIONS = 24; // more than the addon makes for a worker
const describeOnLinux = process.platform === 'linux' ? describe : describe.skip; // memfd, LD_PRELOAD

describeOnLinux('createWorker where the system refuses', function () {
  let folder;
  let shim;

  before(function () {
    this.timeout(60_000);
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-shim-'));
    shim = path.join(folder, 'shim.so');
    const source = path.join(__dirname, 'shim.c');
    const flags = ['-shared', '-fPIC', '-O1', '-o', shim, source, '-ldl'];
    const { status, stderr } = spawnSync(CC, flags, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });

  after(() => {
    if (folder) fs.rmSync(folder, { recursive: true });
  });

  async function startWith(transport, { setting, prefix } = {}) {
    const env = setting ? { LD_PRELOAD: shim, HAWSER_SHIM: setting } : {};
    const options = { args: [transport], flags: ['--expose-gc'], env, prefix };
    const { code, signal, output } = await runProgram('starts', options);
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, output);
    return JSON.parse(output.trim().split('\n').at(-1));
  }

  const NOTHING_LEFT = { fds: 0, mappings: 0 };
  const BY_SOCKET = { transport: 'socket', sum: 6, ...NOTHING_LEFT };
  const UNSUPPORTED = {
    error: { name: 'UnsupportedError', code: 'ERR_HAWSER_UNSUPPORTED' },
    ...NOTHING_LEFT,
  };

  for (const [setting, row] of [
    [`memfd_create=${ENOSYS}`, 'S13'],
    [`memfd_create=${EPERM}`, 'S13'],
    [`memfd_create=${EMFILE}`, 'S13'],
    [`ftruncate=${ENOSPC}`, 'S6'],
    [`fallocate=${ENOSPC}`, 'S6'],
    [`mmap=${ENOMEM}`, 'S6'],
    [`F_ADD_SEALS=${EPERM}`, 'S13'],
  ]) {
    it(`${setting}: 'auto' is the socket, and 'shm' an UnsupportedError (${row})`, async () => {
      assert.deepEqual(await startWith('auto', { setting }), BY_SOCKET);
      assert.deepEqual(await startWith('shm', { setting }), UNSUPPORTED);
    });
  }

  it('a file-size limit below a ring: the socket, and no SIGXFSZ (S6)', async () => {
    const prefix = ['sh', '-c', 'ulimit -f 64; exec "$0" "$@"'];
    assert.deepEqual(await startWith('auto', { prefix }), BY_SOCKET);
    assert.deepEqual(await startWith('shm', { prefix }), UNSUPPORTED);
  });

  it("a worker that cannot check its seals: 'auto' is the socket, and 'shm' an UnsupportedError (S13)", async () => {
    const setting = `F_GET_SEALS=${EPERM}`;
    assert.deepEqual(await startWith('auto', { setting }), BY_SOCKET);
    assert.deepEqual(await startWith('shm', { setting }), UNSUPPORTED);
  });

  for (const [name, code] of Object.entries({ EMFILE, ENFILE })) {
    it(`socketpair=${name}: WorkerStartError with that cause, and nothing is left (R1)`, async () => {
      const error = { name: 'WorkerStartError', code: 'ERR_HAWSER_START', cause: name };
      const expected = { error, ...NOTHING_LEFT };
      assert.deepEqual(await startWith('auto', { setting: `socketpair=${code}` }), expected);
      assert.deepEqual(await startWith('socket', { setting: `socketpair=${code}` }), expected);
    });
  }

  it('no thread for the watch: the worker works (R2)', async () => {
    const { sum } = await startWith('auto', { setting: `pthread_create=${EAGAIN}` });
    assert.equal(sum, 6);
  });

  for (const transport of ['shm', 'socket']) {
    it(`out of memory at any allocation: an error or none, never a crash, over ${transport} (R2)`, async function () {
      this.timeout(120_000);
      const seen = new Set();
      for (let n = 1; n <= MOST_ALLOCATIONS; n++) {
        const { error, ...left } = await startWith(transport, { setting: `alloc=${n}` });
        if (error) assert.match(error.code, /^(HWR_ENOMEM|ERR_HAWSER_\w+)$/);
        assert.deepEqual({ fds: left.fds, mappings: left.mappings }, NOTHING_LEFT, `at ${n}`);
        seen.add(error?.name ?? 'none');
      }
      assert.ok(seen.has('none') && seen.size > 1, [...seen].join());
    });
  }
});
