'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { TRANSPORTS, assertBreach, besideGoodWorker, until } = require('./workers');

const MEBIBYTE = 1024 * 1024;
const residentBytes = () =>
  1024 * Number(/^VmRSS:\s*(\d+) kB/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);

for (const transport of TRANSPORTS) {
  describe(`a worker over ${transport}`, () => {
    const startHostile = besideGoodWorker();
    const start = (behaviour, ...details) =>
      startHostile('frames', behaviour, { transport, details: details.map(String) });
    const ask = (worker, count = 3) =>
      Array.from({ length: count }, (_, i) => worker.send('ask', i));
    const breaks = async (rule, behaviour, ...details) => {
      const worker = await start(behaviour, ...details);
      await assertBreach(worker, ask(worker), rule);
    };

    for (const length of [16 * MEBIBYTE + 1, 0x7fffffff, 0x80000000, 0xffffffff]) {
      it(`that claims a frame of ${length} bytes ends with rule P2.3 (W3)`, () =>
        breaks('P2.3', 'length', length));
    }

    it('that claims a frame of 16 MiB, which is past its window, ends with rule P5.2 (W3)', async () => {
      const worker = await start('length', 16 * MEBIBYTE);
      const before = residentBytes();
      await assertBreach(worker, ask(worker), 'P5.2');
      assert.ok(residentBytes() - before < 12 * MEBIBYTE);
    });

    for (const behaviour of ['creditTooShort', 'pingTooLong']) {
      it(`that sends a control frame of a wrong length, ${behaviour}, ends with rule P2.3 (W3)`, () =>
        breaks('P2.3', behaviour));
    }

    it('may send frames of no bytes and of 16 MiB: its answers arrive (W3)', async () => {
      const worker = await start('longestFrame');
      assert.deepEqual(await Promise.all(ask(worker)), [undefined, undefined, undefined]);
    });

    it('that sends one byte of half a megabyte holds up its own calls only until their deadline (W4)', async () => {
      const worker = await start('slowFrame');
      const before = residentBytes();
      const calls = [1, 2, 3].map((n) => worker.send('ask', n, { timeout: 100 }));
      const settled = await Promise.allSettled(calls);
      for (const { reason } of settled) assert.equal(reason.code, 'ERR_HAWSER_TIMEOUT');
      assert.ok(residentBytes() - before < 12 * MEBIBYTE);
      assert.equal(worker.state, 'ready');
    });

    it('may cut its frames at every byte: its answers arrive (W5)', async () => {
      const worker = await start('bytewise');
      assert.deepEqual(await Promise.all(ask(worker)), ['done', 'done', 'done']);
    });

    it('may send a thousand answers at once: each arrives at its call (W5)', async () => {
      const worker = await start('allAtOnce');
      const answers = await Promise.all(ask(worker, 1000));
      assert.ok(answers.every((answer, i) => answer === i));
    });

    for (const behaviour of ['halfHeader', 'halfBody', 'halfMessage']) {
      it(`that closes its socket behind a ${behaviour} ends with rule P6.2 (W6)`, () =>
        breaks('P6.2', behaviour));
    }

    for (const type of [0, 21, 31, 32, 255]) {
      it(`that sends a frame of the type ${type} ends with rule P2.4 (W7)`, () =>
        breaks('P2.4', 'type', type));
    }

    for (const [type, flags] of [
      [8, 0x40],
      [7, 0x80],
      [7, 0x20],
      [7, 0x10],
      [17, 0x08],
      [16, 0x01],
    ]) {
      it(`that sets the flags ${flags} on the type ${type} ends with rule P2.5 (W7)`, () =>
        breaks('P2.5', 'flag', type, flags));
    }

    it('that starts a message inside another ends with rule P4.5 (W7)', () =>
      breaks('P4.5', 'interleaved'));

    it('that sends chunks without bytes ends with rule P4.7 (W7)', () =>
      breaks('P4.7', 'emptyChunks'));

    for (const behaviour of ['request', 'requestTwice']) {
      it(`that asks a host which serves nothing, ${behaviour}, ends (W9)`, async () => {
        const worker = await start(behaviour);
        await assertBreach(worker, ask(worker), 'P4.12');
      });
    }

    it('that takes credit back ends with rule P5.3 (W12)', () => breaks('P5.3', 'creditShrinks'));

    it('that grants all there is and then nothing ends with rule P5.3 (W12)', () =>
      breaks('P5.3', 'creditWraps'));

    it('that grants credit to another lane ends with rule P5.1 (W12)', () =>
      breaks('P5.1', 'creditOfAnotherLane'));

    it('that grants nothing a hundred times ends with rule P5.4 (W12)', () =>
      breaks('P5.4', 'creditOfNothing'));

    it('may grant all there is: its answers arrive (W12)', async () => {
      const worker = await start('creditOfAll');
      assert.deepEqual(await Promise.all(ask(worker)), ['done', 'done', 'done']);
    });

    it('that sends past its window ends with rule P5.2 (W12)', () =>
      breaks('P5.2', 'creditOverrun'));

    it('that sends nothing but padding ends with rule P2.7 (S4)', () => breaks('P2.7', 'pads'));

    // Over a socket it depends on how the bytes are cut, and on how fast we answer.
    if (transport === 'shm') {
      it('that asks for 5000 PONGs at once ends with rule P6.4 (S4)', () =>
        breaks('P6.4', 'pings'));
    }

    it('that says goodbye again and again ends with rule P6.1 (S4)', () =>
      breaks('P6.1', 'goaways'));

    it('that answers pings nobody sent ends with rule P4.4 (W8)', () => breaks('P4.4', 'pongs'));

    it('that defines shape after shape ends with a rule of the codec (W7)', async () => {
      const worker = await start('defines');
      await assertBreach(worker, ask(worker), 'P9.15');
    });

    it('that defines no shape at all ends with a rule of the codec (W7)', async () => {
      const worker = await start('garbledDefine');
      await assertBreach(worker, ask(worker), 'P9.15');
    });

    it('that does all this a little is borne: its answers arrive (S4)', async () => {
      const worker = await start('bearable');
      assert.deepEqual(await Promise.all(ask(worker)), ['done', 'done', 'done']);
    });

    it('that sends garbage while nobody asks it ends with rule P2.4 (W7)', async () => {
      const worker = await start('garbageWhenIdle');
      if (worker.state === 'ready') await new Promise((resolve) => worker.once('exit', resolve));
      await assertBreach(worker, [], 'P2.4');
      await assert.rejects(worker.send('ask'), { code: 'ERR_HAWSER_CRASHED' });
    });

    it('that sent garbage has crashed for every call from then on (W7)', async () => {
      const worker = await start('garbageWhenIdle');
      await until(() => !worker.isConnected);
      await assert.rejects(worker.send('ask'), { code: 'ERR_HAWSER_CRASHED' });
      assert.throws(() => worker.post('ask'), { code: 'ERR_HAWSER_CRASHED' });
      await assert.rejects(worker.ping(), { code: 'ERR_HAWSER_CRASHED' });
    });
  });
}
