'use strict';

const assert = require('node:assert/strict');
const v8 = require('node:v8');
const vm = require('node:vm');
const native = require('../../lib/binding');
const { ROLE } = require('../../lib/frames');
const { ask, bytesOf, echo, fedEnd, fedPair } = require('./fed-channels');
const { runProgram } = require('./program');

const STATUS = native.status;
const turn = () => new Promise(setImmediate);

/** Turns of the loop, few of which are needed. */
async function until(holds) {
  for (let i = 0; i < 1000 && !holds(); i++) await turn();
  assert.ok(holds(), String(holds));
}

v8.setFlagsFromString('--expose-gc');
const gc = vm.runInNewContext('gc');

/** A generator of numbers that the same seed brings back. */
function dice(seed) {
  return (sides) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return 1 + (seed % sides);
  };
}

/** A payload that needs several rings goes there and back. */
async function roundTrip(portion, bytes) {
  const payload = Buffer.alloc(bytes, 'hawser');
  let pair;
  const answer = await new Promise((resolve) => {
    pair = fedPair(
      {
        onReady: () => ask(pair.host.channel, 7, payload),
        onAnswer: (kind, slot, at) => resolve(pair.host.channel.payload(at)),
      },
      { onRequest: (at) => echo(() => pair.worker)(at) },
      portion,
    );
  });
  assert.ok(payload.equals(answer));
  for (const { channel } of Object.values(pair)) channel.close();
}

/** A channel that has said HELLO to nobody: its first bytes. */
async function helloOf(role) {
  let bytes;
  const end = fedEnd(role, { onSend: (start, count) => (bytes = bytesOf(end.ring, start, count)) });
  await until(() => bytes !== undefined);
  end.channel.close();
  return bytes;
}

describe('a channel that is fed', () => {
  it("is open at once, over 'socket'", () => {
    const end = fedEnd(ROLE.HOST, {});
    assert.equal(end.transport, 'socket');
    end.channel.close();
  });

  it('carries calls in portions of one byte', () => roundTrip(() => 1, 100_000));

  it('carries calls in portions of any size', async () => {
    const throwDice = dice(1);
    for (let i = 0; i < 3; i++) await roundTrip(() => throwDice(100_000), 4 << 20);
  });

  it('delivers nothing while it is fed, ended or flushed', async () => {
    const hello = await helloOf(ROLE.WORKER);
    const seen = [];
    let isWithin = true;
    const note = (what) => () => seen.push([what, isWithin]);
    const end = fedEnd(ROLE.HOST, {
      onBatch: note('batch'),
      onSend: note('send'),
      onEnd: note('end'),
    });
    end.channel.flush();
    assert.equal(native.feed(end.handle, hello), hello.length);
    native.endFed(end.handle);
    isWithin = false;
    await until(() => seen.length >= 3);
    assert.deepEqual(seen.map(([what]) => what).sort(), ['batch', 'end', 'send']);
    assert.ok(seen.every(([, within]) => !within));
    assert.equal(seen.at(-1)[0], 'end');
    end.channel.close();
  });

  it('takes nothing within a batch, and wants it again behind', async () => {
    const hello = await helloOf(ROLE.WORKER);
    const taken = [];
    await new Promise((resolve) => {
      const end = fedEnd(ROLE.HOST, {
        onSend() {},
        onBatch: () => taken.push(native.feed(end.handle, Buffer.alloc(1))),
        onWant: () => {
          taken.push('wanted');
          end.channel.close();
          resolve();
        },
      });
      native.feed(end.handle, hello);
    });
    assert.deepEqual(taken, [0, 'wanted']);
  });

  it('has no more on its way than its ring holds (R3)', async () => {
    const offers = [];
    const hello = await helloOf(ROLE.WORKER);
    const end = fedEnd(ROLE.HOST, { onSend: (start, count) => offers.push(count) });
    native.feed(end.handle, hello);
    await turn();
    for (let i = 0; i < 200; i++) end.channel.sendBytes(2, 1, 0, 0, Buffer.alloc(10_000));
    for (let i = 0; i < 20; i++) await turn();
    const onItsWay = offers.reduce((sum, count) => sum + count, 0);
    assert.ok(onItsWay > native.ringBytes / 2 && onItsWay <= native.ringBytes, `${onItsWay}`);
    assert.ok(end.channel.queuedBytes > 1_000_000);
    const before = offers.length;
    native.fedSent(end.handle, onItsWay);
    for (let i = 0; i < 20; i++) await turn();
    const more = offers.slice(before).reduce((sum, count) => sum + count, 0);
    assert.ok(more > native.ringBytes / 2 && more <= native.ringBytes, `${more}`);
    end.channel.close();
  });

  it('is told that more was sent than there is, and takes it for all', async () => {
    const end = fedEnd(ROLE.HOST, { onSend: () => (end.sent = true) });
    await until(() => end.sent);
    assert.equal(native.isDone(end.handle), false);
    native.fedSent(end.handle, 2 ** 32 - 1);
    assert.equal(native.isDone(end.handle), true);
    end.channel.close();
  });

  for (const [cut, code] of [
    [0, 0],
    [20, STATUS.ETRUNCATED],
  ]) {
    it(`ends with ${code} when ${cut} bytes of a HELLO came last`, async () => {
      const hello = await helloOf(ROLE.WORKER);
      const ended = await new Promise((resolve) => {
        const end = fedEnd(ROLE.HOST, {
          onSend() {},
          onEnd: (status) => {
            end.channel.close();
            resolve(status);
          },
        });
        native.feed(end.handle, hello.subarray(0, cut));
        native.endFed(end.handle);
        assert.equal(native.feed(end.handle, hello), hello.length); // nobody wants it any more
        native.endFed(end.handle);
      });
      assert.equal(ended, code);
    });
  }

  it('ends with the rule that was broken', async () => {
    const [code, rule] = await new Promise((resolve) => {
      const end = fedEnd(ROLE.HOST, { onSend() {}, onEnd: (...args) => resolve(args) });
      native.feed(end.handle, Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    assert.deepEqual([code, rule], [STATUS.EPROTO, 'P3.1']);
  });

  for (const moment of ['onBatch', 'onSend', 'onWant', 'onEnd']) {
    it(`may be closed in ${moment} (A3)`, async () => {
      const hello = await helloOf(ROLE.WORKER);
      const seen = [];
      const note = (name) => () => {
        seen.push(name);
        if (name === 'onBatch') native.feed(end.handle, hello.subarray(0, 4)); // is wanted later
        if (name !== moment) return;
        end.channel.close();
        gc();
        assert.equal(native.feed(end.handle, hello), undefined);
        assert.equal(native.fedSent(end.handle, 1), undefined);
        assert.equal(native.isDone(end.handle), undefined);
        assert.equal(native.endFed(end.handle), undefined);
      };
      const callbacks = ['onBatch', 'onSend', 'onWant', 'onEnd'].map((name) => [name, note(name)]);
      const end = fedEnd(ROLE.HOST, Object.fromEntries(callbacks));
      native.feed(end.handle, hello);
      for (let i = 0; i < 5; i++) await turn();
      if (moment === 'onEnd') native.endFed(end.handle);
      for (let i = 0; i < 5; i++) await turn();
      assert.equal(seen.at(-1), moment);
      assert.equal(end.ring.length, 0);
    });
  }

  it('keeps the process until what was fed is delivered, and no longer (A12)', async () => {
    const { code, signal, output } = await runProgram('fed');
    assert.deepEqual(
      { code, signal, output },
      { code: 0, signal: null, output: 'answer: 300000\n' },
    );
  });

  it('goes with its thread at any moment (P11)', async () => {
    const { code, signal, output } = await runProgram('fed-threads');
    assert.deepEqual({ code, signal, output }, { code: 0, signal: null, output: 'ended 12\n' });
  });
});
