'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const native = require('../../lib/binding');
const { startAlone } = require('./hosts');
const {
  FLAG,
  MAGIC,
  ROLE,
  TYPE,
  credit,
  frame,
  header,
  hello,
  structured,
} = require('./peer/wire');

const one = structured(1);
const request = (fields, body = one) => frame(TYPE.REQUEST, { flags: 1, ...fields }, body);
const times = (count, make) => Buffer.concat(Array.from({ length: count }, (_, i) => make(i)));

/** It leaves by itself, with a code, and says why. */
async function assertGone(worker, why) {
  const { code, signal, text } = await worker.ended;
  assert.equal(signal, null, text);
  assert.notEqual(code, 0, text);
  assert.match(text, /^hawser: the host broke the protocol/m);
  assert.ok(text.includes(why), text);
}

describe('a worker process', () => {
  const started = [];
  const start = (segments) => {
    const worker = startAlone(segments);
    started.push(worker);
    return worker;
  };

  afterEach(async () => {
    for (const { child } of started) child.kill('SIGKILL');
    await Promise.all(started.splice(0).map(({ ended }) => ended));
  });

  const greetings = {
    'an HTTP request': ['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', 'P3.1'],
    zeros: [Buffer.alloc(4096), 'P3.1'],
    'a HELLO of another magic': [hello({ role: ROLE.host, magic: MAGIC - 1 }), 'P3.2'],
    'the HELLO of a worker': [hello(), 'P3.5'],
    'a HELLO of version 9': [hello({ role: ROLE.host, version: 9 }), 'P3.3', 'W2'],
    'a HELLO of 4 GiB': [header(TYPE.HELLO, { length: 0xffffffff }), 'P2.3'],
    'HELLO twice': [times(2, () => hello({ role: ROLE.host })), 'P3.6'],
  };
  for (const [name, [bytes, rule, row = 'W1']] of Object.entries(greetings)) {
    it(`greeted with ${name} ends with an error that names ${rule} (${row})`, async () => {
      const worker = start();
      worker.host.write(bytes);
      await assertGone(worker, rule);
    });
  }

  const inits = {
    'that cannot be read': Buffer.from('\x00\xff garbage'),
    'of null': structured(null),
    'of a number': one,
    'without timeouts': structured({ serializer: 'structured', builtIn: true }),
  };
  for (const [name, body] of Object.entries(inits)) {
    it(`with an INIT ${name} ends with an error (W1)`, async () => {
      const worker = start();
      await worker.host.greet();
      worker.host.write(frame(TYPE.INIT, { flags: 1 }, body));
      await assertGone(worker, '');
    });
  }

  const breaches = {
    'a call that is open already': [times(2, () => request({ slot: 3, method: 9 })), 'P4.1', 'W9'],
    'a slot beyond the last': [request({ slot: 131_072 }), 'P4.2', 'W9'],
    'a frame of an unknown type': [frame(21), 'P2.4', 'W7'],
    'a reserved flag': [request({ flags: 0x81 }), 'P2.5', 'W7'],
    'METHODS of its own': [frame(TYPE.METHODS, { flags: 1 }, one), 'P3.6', 'W7'],
    'a frame of 4 GiB': [header(TYPE.REQUEST, { length: 0xffffffff }), 'P2.3', 'W3'],
    'credit taken back': [credit(4096n, 0n), 'P5.3', 'W12'],
    'more than the window': [
      header(TYPE.REQUEST, { flags: 1, length: 2 * 1024 * 1024 }),
      'P5.2',
      'W12',
    ],
    'answers to nothing': [times(101, () => frame(TYPE.RESPONSE, { slot: 5 })), 'P4.4', 'W8'],
    'chunks without bytes': [
      times(101, () => request({ flags: 1 | FLAG.MORE }, Buffer.alloc(0))),
      'P4.7',
      'W7',
    ],
    'a shape that is none': [
      frame(TYPE.DEFINE, { flags: 1 }, Buffer.from('garbage')),
      'P9.15',
      'W7',
    ],
  };
  for (const [name, [bytes, rule, row]] of Object.entries(breaches)) {
    it(`sent ${name} ends with an error that names ${rule} (${row})`, async () => {
      const worker = start();
      await worker.host.start();
      // A handler that is not there answers at once, so the first call must still wait here.
      await worker.host.writeAll(bytes);
      await assertGone(worker, rule);
    });
  }

  it('whose host hangs up inside a frame ends with an error that names P6.2 (W6)', async () => {
    const worker = start();
    await worker.host.start();
    await worker.host.writeAll(request({ slot: 1 }).subarray(0, 9));
    worker.host.hangUp();
    await assertGone(worker, 'P6.2');
  });

  it('whose host hangs up before INIT ends (W6)', async () => {
    const worker = start();
    await worker.host.greet();
    worker.host.hangUp();
    const { signal } = await worker.ended;
    assert.equal(signal, null);
  });

  it('answers a payload that cannot be read with an error, and goes on (W16)', async () => {
    const { host } = start();
    await host.start();
    await host.writeAll(request({ slot: 1 }, Buffer.from([0, 0xff, 0xfe])));
    assert.equal((await host.nextOf(TYPE.ERROR)).slot, 1);
    await host.writeAll(request({ slot: 2 }));
    assert.equal((await host.nextOf(TYPE.RESPONSE)).slot, 2);
  });

  it('answers a method that it does not have with an error, and goes on (W18)', async () => {
    const { host } = start();
    await host.start();
    await host.writeAll(request({ slot: 1, method: 65_535 }));
    assert.equal((await host.nextOf(TYPE.ERROR)).slot, 1);
    await host.writeAll(request({ slot: 2 }));
    assert.equal((await host.nextOf(TYPE.RESPONSE)).slot, 2);
  });

  it('serves generations up to the last and from the first again (W9)', async () => {
    const { host } = start();
    await host.start();
    for (const generation of [0xfffffffe, 0xffffffff, 0, 1]) {
      await host.writeAll(request({ slot: 1, generation }));
      assert.equal((await host.nextOf(TYPE.RESPONSE)).generation, generation);
    }
  });

  describe('over shared memory', () => {
    let link;
    let page;
    const write = (offset, value) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(value);
      fs.writeSync(page, bytes, 0, 8, offset);
    };

    beforeEach(() => {
      link = native.createLink(native.ringBytes);
      page = link.fds[1];
    });

    afterEach(() => native.closeWorkerEnd(link));

    /** Until the worker has mapped the rings and says so. */
    const joined = async ({ host }) => {
      while (host.firstByte === undefined) await new Promise(setImmediate);
      assert.equal(host.firstByte, 'R');
    };

    for (const [name, tail] of [
      ['too far ahead', 2n ** 19n],
      ['the most there is', 2n ** 64n - 1n],
    ]) {
      it(`told of an index ${name} ends with an error that names P7.3 (S1)`, async () => {
        const worker = start(link.fds.slice(1));
        await joined(worker);
        write(128, tail);
        worker.host.write('!');
        await assertGone(worker, 'P7.3');
      });
    }

    it('told that more was taken than it sent ends with its host at the latest (S1)', async () => {
      const worker = start(link.fds.slice(1));
      await joined(worker);
      write(768, 2n ** 32n);
      worker.host.write('!');
      worker.host.hangUp();
      const { signal } = await worker.ended;
      assert.equal(signal, null);
    });

    it('that is given a page which is none ends with an error (S1)', async () => {
      write(0, 0n);
      const worker = start(link.fds.slice(1));
      const { code, signal, text } = await worker.ended;
      assert.equal(signal, null);
      assert.notEqual(code, 0);
      assert.match(text, /^hawser: no connection to the host/m);
    });
  });
});
