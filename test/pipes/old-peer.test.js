'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { mock } = require('node:test');
const { MessageChannel } = require('node:worker_threads');
const { WorkerPipeAdapter } = require('hawser/pipes');
const { closed, collect, pattern, take } = require('../conformance/pipes/ends');
const { OldPeer } = require('./old-peer');

describe('WorkerPipeAdapter with a peer of the older protocol', () => {
  let ports;
  beforeEach(() => (ports = new MessageChannel()));
  afterEach(() => {
    mock.timers.reset();
    ports.port1.close();
    ports.port2.close();
  });

  const open = (options = { objectMode: true }) =>
    new WorkerPipeAdapter(ports.port1).createDuplex(options);
  /** A peer without an adapter: what it hears, and an end to wait for. */
  function listen() {
    const heard = [];
    ports.port2.on('message', (message) => heard.push(message));
    return heard;
  }
  const ended = (heard) =>
    new Promise((resolve) => {
      ports.port2.on('message', () => heard.at(-1)?.type === 'end' && resolve());
    });

  it('never shows it anything but the words that it knows', async () => {
    const heard = listen();
    const end = ended(heard);
    const pipe = open();
    pipe.write({ type: 'pause' });
    pipe.write(Buffer.from('b'));
    pipe.end(1);
    await end;
    assert.ok(heard.every(({ type }) => ['resume', 'data', 'end'].includes(type)));
    const data = heard.filter(({ type }) => type === 'data');
    assert.deepEqual(
      data.map(({ payload }) => payload),
      [{ type: 'pause' }, new Uint8Array([98]), 1],
    );
    pipe.destroy();
  });

  it('carries values both ways, and ends both ways', async () => {
    const pipe = open();
    const peer = new OldPeer(ports.port2);
    const values = Array.from({ length: 3000 }, (_, id) => ({ id, type: 'pause' }));
    const there = collect(peer);
    const arrived = take(pipe, values.length);
    for (const value of values) {
      peer.write(value);
      if (!pipe.write(value)) await once(pipe, 'drain');
    }
    pipe.end();
    assert.deepEqual(await arrived, values);
    assert.deepEqual(await there, values);
    peer.end(); // not before: what it keeps while it is paused would come behind its end
    pipe.resume();
    assert.equal(await closed(pipe), undefined);
  });

  it('waits while it is paused, keeps what is written, and ends behind it', async () => {
    const pipe = open({ objectMode: true, highWaterMark: 4 });
    const heard = listen();
    ports.port2.postMessage({ type: 'pause' });
    await once(ports.port1, 'message');
    let answered = 0;
    for (let i = 0; i < 50; i++) pipe.write(i, () => answered++);
    pipe.end();
    for (let i = 0; i < 10; i++) {
      ports.port2.postMessage(`raw ${i}`); // what is under way has the time to come
      await Promise.all([take(pipe, 1), new Promise(setImmediate)]);
    }
    assert.equal(answered, 0);
    assert.equal(pipe.writableLength, 50);
    assert.ok(heard.every(({ type }) => type === 'resume'));
    const end = ended(heard);
    ports.port2.postMessage({ type: 'resume' });
    await end;
    const data = heard.filter(({ type }) => type === 'data').map(({ payload }) => payload);
    assert.deepEqual(
      data,
      Array.from({ length: 50 }, (_, i) => i),
    );
    pipe.destroy();
  });

  it('keeps no more than a window ahead of one that answers each value', async () => {
    const pipe = open({ objectMode: true, highWaterMark: 8 });
    const waiting = [];
    let isSlow = false;
    const answer = () => ports.port2.postMessage({ type: 'resume' });
    ports.port2.on('message', ({ type, payload }) => {
      if (type !== 'data') return;
      waiting.push(payload);
      if (!isSlow) answer();
    });
    for (let i = 0; i < 100; i++) if (!pipe.write(i)) await once(pipe, 'drain');
    while (waiting.length < 100) await once(ports.port2, 'message');
    isSlow = true;
    for (let i = 100; i < 200; i++) pipe.write(i);
    for (let i = 0; i < 20; i++) {
      ports.port2.postMessage(`raw ${i}`); // what is under way has the time to come
      await Promise.all([take(pipe, 1), new Promise(setImmediate)]);
    }
    assert.ok(waiting.length <= 100 + 8 + 1, `${waiting.length} came`);
    isSlow = false;
    for (let i = 100; i < waiting.length; i++) answer();
    while (waiting.length < 200) await once(ports.port2, 'message');
    pipe.destroy();
  });

  it('gives one that never says a word a window, and another in each second of that', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const heard = listen();
    const pipe = open({ objectMode: true, highWaterMark: 100 });
    for (let i = 0; i < 250; i++) pipe.write(i);
    pipe.end();
    const values = () => heard.filter(({ type }) => type === 'data').length;
    for (const count of [100, 200, 250]) {
      while (values() < count) await once(ports.port2, 'message');
      for (let i = 0; i < 20; i++) await new Promise(setImmediate);
      assert.equal(values(), count);
      mock.timers.tick(1000);
    }
    assert.equal(heard.at(-1).type, 'end');
    pipe.destroy();
  });

  it('pauses it when the reader stops, and lets it go on when the reader reads', async () => {
    const pipe = open({ objectMode: true, highWaterMark: 4 });
    const heard = listen();
    for (let i = 0; i < 6; i++) ports.port2.postMessage({ type: 'data', payload: i });
    while (heard.at(-1)?.type !== 'pause') await once(ports.port2, 'message');
    assert.deepEqual(await take(pipe, 6), [0, 1, 2, 3, 4, 5]);
    while (heard.at(-1)?.type !== 'resume') await once(ports.port2, 'message');
    assert.equal(heard.filter(({ type }) => type === 'pause').length, 1);
    pipe.destroy();
  });

  it('lets it go on for a reader that wants more bytes than there are', async () => {
    const pipe = open({ highWaterMark: 1000 });
    const heard = listen();
    ports.port2.postMessage({ type: 'data', payload: pattern(1000) });
    while (heard.at(-1)?.type !== 'pause') await once(ports.port2, 'message');
    assert.equal((await take(pipe, 100)).length, 100);
    assert.equal(pipe.read(950), null);
    while (heard.at(-1)?.type !== 'resume') await once(ports.port2, 'message');
    pipe.destroy();
  });

  it('takes raw values for data, and so a word that is misspelt', async () => {
    const pipe = open();
    const raw = [1, 'text', undefined, { type: 'paused' }, { type: 7 }, [{ type: 'end' }]];
    const bare = JSON.parse('{"__proto__":{"type":"end"},"hawser":{"batch":true}}');
    for (const value of [...raw, bare]) ports.port2.postMessage(value);
    ports.port2.postMessage(new Blob([], { type: 'end' }));
    const arrived = await take(pipe, raw.length + 2);
    assert.equal(arrived.pop().type, 'end');
    assert.deepEqual(arrived.slice(0, -1), raw);
    assert.deepEqual(Object.keys(arrived.at(-1)), ['__proto__', 'hawser']);
    pipe.destroy();
  });

  it('gives Buffers in byte mode, whatever bytes are raw, and refuses what is none', async () => {
    const pipe = open({});
    for (const value of ['text', new Uint8Array([1]), new Uint8Array([2]).buffer])
      ports.port2.postMessage(value);
    ports.port2.postMessage({ type: 'data', payload: pattern(10) });
    const arrived = await take(pipe, 16);
    assert.ok(arrived.equals(Buffer.concat([Buffer.from('text\x01\x02'), pattern(10)])));
    const failed = once(pipe, 'error');
    ports.port2.postMessage({ no: 'bytes' });
    assert.equal((await failed)[0].code, 'ERR_INVALID_ARG_TYPE');
  });

  it('reads what has arrived before it takes notice that the port was closed', async () => {
    const pipe = open();
    for (let i = 0; i < 10; i++) ports.port2.postMessage(i);
    ports.port2.close();
    await once(ports.port1, 'close');
    assert.equal(pipe.destroyed, false);
    const arrived = [];
    await assert.rejects(
      async () => {
        for await (const value of pipe) arrived.push(value);
      },
      { code: 'ERR_HAWSER_CLOSED' },
    );
    assert.equal(arrived.length, 10);
  });

  it('is closed without an error when the peer closes the port behind its end', async () => {
    const pipe = open();
    ports.port2.postMessage('last');
    ports.port2.postMessage({ type: 'end' });
    ports.port2.close();
    await once(ports.port1, 'close');
    const arrived = [];
    pipe.on('data', (value) => arrived.push(value));
    assert.equal(await closed(pipe), undefined);
    assert.deepEqual(arrived, ['last']);
  });

  it('does not take what a peer sends behind its end', async () => {
    const pipe = open();
    const errors = [];
    pipe.on('error', (error) => errors.push(error));
    ports.port2.postMessage({ type: 'end' });
    for (const late of [1, 2, 3]) ports.port2.postMessage(late);
    assert.deepEqual(await collect(pipe), []);
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    assert.deepEqual(errors, []);
    pipe.destroy();
  });

  it('closes the port of a peer whose pipe is destroyed', async () => {
    const pipe = open();
    const peer = new OldPeer(ports.port2);
    pipe.on('error', () => {});
    pipe.destroy(new Error('own'));
    await closed(peer);
    assert.ok(peer.heard.every(({ type }) => type === 'resume'));
  });
});
