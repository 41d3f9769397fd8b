'use strict';

/** What a worker sends in answer to frames, with a channel that only takes notes. */

const assert = require('node:assert/strict');
const { createCodec } = require('../../lib/codec');
const { agreeOnCodec } = require('../../lib/codec-agreement');
const { decodeError } = require('../../lib/error-frames');
const { TYPE } = require('../../lib/frames');
const { Middleware } = require('../../lib/middleware');
const { Server } = require('../../lib/server');
const { decodeStart, encodeStart } = require('../../lib/start-frames');
const { bytesOf, evaluate, readTable, readVectors } = require('./protocol-document');

const OWNER = {
  timeouts: { message: 1000, types: {} },
  middleware: new Middleware(),
  log: { error() {} },
  emit: () => true,
};
const REQUEST = { method: 0, flags: 1, slot: 3, generation: 7, payload: bytesOf('00 46') };

/** Stands for lib/channel.js: one frame is received, what is sent is kept. */
class NotingChannel {
  sent = [];
  peerUuid = 'aa';
  laneBytes = 0;
  highWaterBytes = 1;
  batchTime = 0;
  hasDetails = () => false;
  isClosed = false;
  settled = 0;

  constructor(frame) {
    this.frame = { ...REQUEST, ...frame };
  }

  method = () => this.frame.method;
  flags = () => this.frame.flags;
  slot = () => this.frame.slot;
  generation = () => this.frame.generation;
  value = () => 0;
  flush = () => {};
  settleOneWay = () => this.settled++;

  payload() {
    const { flags, payload } = this.frame;
    return this.codec.decode(flags & 7, payload, 0, payload.length, false);
  }

  send(type, flags, method, slot, generation, timeout, tellTimeout, value) {
    this.sent.push({ type, slot, generation, value });
  }

  sendBytes(type, flags, slot, generation, bytes) {
    this.sent.push({ type, flags, slot, generation, bytes });
  }
}

function receive(frame, codec = createCodec('structured')) {
  const channel = new NotingChannel(frame);
  channel.codec = codec;
  const server = new Server(channel, { double: (n) => n * 2 }, OWNER);
  server.onRequest(0);
  return channel.sent;
}

function assertErrorFrame([frame, ...rest], expected) {
  assert.deepEqual(rest, []);
  const { type, flags, slot, generation, bytes } = frame;
  assert.deepEqual([type, flags, slot, generation], [TYPE.ERROR, 1, 3, 7]);
  const { code, rule } = decodeError(bytes, 0, bytes.length);
  assert.deepEqual({ code, rule }, { rule: undefined, ...expected });
}

describe('a worker that receives REQUEST', () => {
  it('answers with RESPONSE under the same slot and generation (P4.3)', () => {
    assert.deepEqual(receive({}), [{ type: TYPE.RESPONSE, slot: 3, generation: 7, value: 12 }]);
  });

  for (const method of [1, 65_535]) {
    it(`to method ${method} of 1 answers with ERROR (P4.10)`, () => {
      assertErrorFrame(receive({ method }), { code: 'ERR_HAWSER_UNKNOWN_TYPE' });
    });
  }

  const unreadable = {
    'that is cut short': [{ payload: bytesOf('00 05 00') }, 'P9.5'],
    'of a shape that was not defined': [{ payload: bytesOf('00 c0') }, 'P9.14'],
    'in a codec that was not agreed on': [{ flags: 2, payload: Buffer.from('6') }, 'P9.3'],
    'of no codec, though there are bytes': [{ flags: 0 }, 'P9.3'],
    'in a codec that there is not': [{ flags: 3 }, 'P9.3'],
  };
  for (const [what, [frame, rule]] of Object.entries(unreadable)) {
    it(`with a payload ${what} answers with ERROR (P9.3)`, () => {
      assertErrorFrame(receive(frame), { code: 'ERR_HAWSER_PROTOCOL', rule });
    });
  }

  const garbled = { json: [2, '{"a":'], v8: [4, 'ff0f'], raw: [2, '6'] };
  for (const [serializer, [flags, text]] of Object.entries(garbled)) {
    it(`with a payload that '${serializer}' cannot read answers with ERROR (P9.3)`, () => {
      const sent = receive({ flags, payload: Buffer.from(text) }, createCodec(serializer));
      assertErrorFrame(sent, { code: 'ERR_HAWSER_PROTOCOL', rule: 'P9.3' });
    });
  }
});

describe('a worker that starts', () => {
  it('sends METHODS with the names in their order, then READY without a payload (P3.9, P3.10)', async () => {
    const channel = new NotingChannel();
    const handlers = { add: () => {}, greet: () => {} };
    await new Server(channel, handlers, OWNER).announce();
    const [methods, ready, ...rest] = channel.sent;
    const { bytes } = readVectors().find(({ name }) => name === 'value-methods');
    assert.deepEqual(methods, { type: TYPE.METHODS, flags: 1, slot: 0, generation: 0, bytes });
    assert.equal(ready.type, TYPE.READY);
    assert.equal(ready.bytes.length, 0);
    assert.deepEqual(rest, []);
  });

  it('takes over the codec that INIT names (P3.10)', () => {
    assert.equal(agreeOnCodec({ serializer: 'json', builtIn: true }).name, 'json');
  });

  it('refuses another serializer than INIT names (P3.11)', () => {
    assert.throws(() => agreeOnCodec({ serializer: 'structured', builtIn: true }, 'json'), {
      code: 'ERR_HAWSER_HANDSHAKE',
    });
  });
});

describe('start frames', () => {
  it('have no shapes, however many objects are alike (P3.8)', () => {
    const value = { workerData: Array.from({ length: 9 }, (_, row) => ({ row, text: 'a' })) };
    const bytes = encodeStart(value);
    assert.deepEqual(decodeStart(bytes, 0, bytes.length), value);
  });

  it('are the records of the document (P3.8, P3.9)', () => {
    const vectors = readVectors().filter(({ name }) => /^value-(init|methods)$/.test(name));
    assert.equal(vectors.length, 2);
    for (const { value, bytes } of vectors) assert.deepEqual(encodeStart(evaluate(value)), bytes);
  });
});

describe('codecs', () => {
  const made = {
    structured: ['structured', 1],
    json: ['json', 1],
    v8: ['v8', 1],
    raw: ['raw', Buffer.from('a')],
    text: [{ serialize: String, deserialize: String }, 1],
    msgpack: ['msgpack', 1],
    bytes: [{ serialize: (value) => Buffer.from([value]), deserialize: (bytes) => bytes[0] }, 1],
  };
  const numbers = readTable('P9.1').map(([id, name]) => [name, Number(id)]);
  for (const [name, id] of numbers.filter((row) => row[0] !== 'none')) {
    it(`have their number, ${id} for ${name} (P9.1)`, () => {
      const [serializer, value] = made[name];
      const { encoder } = createCodec(serializer);
      encoder.encode(Buffer.alloc(64), 0, 64, value);
      assert.equal(encoder.codecId, id);
    });
  }

  it('other than none refuse an empty payload, which none alone may have (P9.1)', () => {
    const codec = createCodec('structured');
    assert.equal(codec.decode(0, Buffer.alloc(0), 0, 0, false), undefined);
    const empty = () => codec.decode(1, Buffer.alloc(0), 0, 0, false);
    assert.throws(empty, { code: 'ERR_HAWSER_PROTOCOL', rule: 'P9.4' });
  });
});
