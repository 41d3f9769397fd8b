'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { inspect } = require('node:util');
const { Worker } = require('node:worker_threads');
const native = require('../../lib/binding');
const { runProgram } = require('./program');
const { OPTIONS, hostileValues } = require('./programs/hostile-values');

const FUNCTIONS = Object.keys(native).filter((name) => typeof native[name] === 'function');
const OTHERS =
  'start uuid createLink connectLink closeWorkerEnd openFed openHost openWorker watchHost unwatchHost bindSocket removeSocket'.split(
    ' ',
  );
const OF_A_LISTENER = 'listen awaitHost closeListener'.split(' ');
const WITHOUT_ARGUMENTS = 'start uuid unwatchHost'.split(' ');
const OF_A_CHANNEL = FUNCTIONS.filter(
  (name) => !OTHERS.includes(name) && !OF_A_LISTENER.includes(name),
);
const LISTENER = { onOpen() {}, onBatch() {}, onEnd() {} };

/** A host's channel whose worker was never started. */
function open() {
  const link = native.createLink(0);
  const channel = native.openHost(link, OPTIONS, LISTENER);
  return { link, channel, end: () => (native.close(channel), native.closeWorkerEnd(link)) };
}

describe('the exports of the addon', () => {
  for (const name of FUNCTIONS.filter((each) => !WITHOUT_ARGUMENTS.includes(each))) {
    it(`${name} without arguments throws a TypeError`, () => {
      assert.throws(() => native[name](), TypeError);
    });
  }

  for (const name of OF_A_CHANNEL) {
    it(`${name} on what is no channel throws a TypeError (A8)`, () => {
      const { link, channel, end } = open();
      const forged = [
        ...hostileValues(),
        ...[link, Object.create(channel), new Proxy(channel, {}), { ...channel }],
      ];
      for (const value of forged) {
        assert.throws(() => native[name](value, 0, 0, 0, 0), TypeError);
        assert.throws(() => native[name].call(value, value, 0, 0, 0, 0), TypeError);
      }
      end();
    });

    it(`${name} on a closed channel does nothing`, () => {
      const { channel, end } = open();
      end();
      assert.equal(native[name](channel, 0, 0, 0, 0), undefined);
    });
  }

  it('closeWorkerEnd and openHost on what is no link throw a TypeError (A8)', () => {
    const { channel, end } = open();
    for (const value of [...hostileValues(), channel]) {
      assert.throws(() => native.closeWorkerEnd(value), TypeError);
      assert.throws(() => native.openHost(value, OPTIONS, LISTENER), TypeError);
    }
    end();
  });

  it('openHost on a link that was taken throws EBADF', () => {
    const { link, end } = open();
    assert.throws(() => native.openHost(link, OPTIONS, LISTENER), { code: 'EBADF' });
    end();
  });

  for (const [name, value, kind] of [
    ['role', 3, RangeError],
    ['role', '1', TypeError],
    ['codecs', -1, RangeError],
    ['maxMessageBytes', 2 ** 31, RangeError],
    ['windowBytes', 4095, RangeError],
    ['windowBytes', NaN, RangeError],
    ['windowMessages', Infinity, RangeError],
    ['highWaterBytes', 0.5, RangeError],
    ['spinMicroseconds', -1, RangeError],
    ['uuid', new Uint8Array(15), RangeError],
    ['uuid', new Float64Array(16), TypeError],
    ['uuid', undefined, TypeError],
  ]) {
    it(`openHost with ${name} ${inspect(value, { breakLength: Infinity })} throws a ${kind.name} and leaves the link as it was`, () => {
      const link = native.createLink(0);
      const options = { ...OPTIONS, [name]: value };
      assert.throws(() => native.openHost(link, options, LISTENER), kind);
      native.close(native.openHost(link, OPTIONS, LISTENER));
      native.closeWorkerEnd(link);
    });
  }

  for (const bytes of [1, 4095, 4097, 2 ** 25, 2 ** 31]) {
    it(`createLink(${bytes}) throws a RangeError: no ring has that size`, () => {
      assert.throws(() => native.createLink(bytes), RangeError);
    });
  }

  it('watchHost and openWorker refuse a descriptor that is no socket', () => {
    const fd = fs.openSync(__filename);
    assert.throws(() => native.watchHost(fd, 0, undefined), { code: 'ENOTSOCK' });
    assert.throws(() => native.watchHost(2 ** 30, 0, undefined), { code: 'ENOTSOCK' });
    assert.throws(() => native.openWorker([fd], OPTIONS, LISTENER), { code: 'ENOTSOCK' });
    assert.equal(fs.fstatSync(fd).isFile(), true); // it was not taken
    fs.closeSync(fd);
  });

  it('those of a listener on anything else throw a TypeError (A8)', () => {
    const { channel, end } = open();
    const token = Buffer.alloc(32);
    const values = [...hostileValues(), channel, Object.create(channel)];
    for (const value of values.filter((each) => typeof each !== 'string')) {
      for (const name of OF_A_LISTENER)
        assert.throws(() => native[name](value, token), TypeError, name);
      assert.throws(() => native.connectLink(value, token, 0), TypeError);
      assert.throws(() => native.removeSocket(value, '1:1'), TypeError);
      assert.throws(() => native.removeSocket('/nowhere', value), TypeError);
    }
    assert.equal(native.removeSocket('/nowhere/at/all', 'no id'), false);
    end();
  });

  it('a listener that was closed does nothing, and its file is gone', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-exports-'));
    const socketPath = path.join(folder, 'socket');
    const listener = native.listen(socketPath, {});
    assert.ok(fs.statSync(socketPath).isSocket());
    for (let i = 0; i < 2; i++) native.closeListener(listener);
    native.awaitHost(listener, Buffer.alloc(32));
    assert.throws(() => native.watchHost(0, 0, listener));
    assert.deepEqual(fs.readdirSync(folder), []);
    fs.rmdirSync(folder);
  });

  it('awaitHost and connectLink with a token of another size throw a RangeError', () => {
    assert.throws(() => native.connectLink('/nowhere', Buffer.alloc(31), 0), RangeError);
  });

  it('a handle that was sent to another environment is no handle there (A8)', async () => {
    const { link, channel, end } = open();
    const code = `
      const { parentPort, workerData } = require('node:worker_threads');
      const native = require(workerData);
      parentPort.once('message', (values) => {
        const names = values.map((value) => {
          try { native.close(value); } catch (error) { return error.name; }
        });
        parentPort.postMessage(names);
      });`;
    const thread = new Worker(code, {
      eval: true,
      workerData: require.resolve('../../lib/binding'),
    });
    thread.postMessage([{ fds: link.fds }, { block: channel.block.slice(0, 8) }]);
    const [names] = await once(thread, 'message');
    assert.deepEqual(names, ['TypeError', 'TypeError']);
    await thread.terminate();
    end();
  });

  it('survive thousands of calls with arguments that no caller should give (A8)', async function () {
    this.timeout(60_000);
    const { code, signal, output } = await runProgram('fuzz-exports');
    assert.deepEqual({ code, signal, output }, { code: 0, signal: null, output: 'survived\n' });
  });
});
