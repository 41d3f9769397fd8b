'use strict';

/** Workers whose frames are well-formed and whose answers are not what was asked for. */

const { CODEC, FLAG, TYPE, answer, frame, structured } = require('../peer/wire');

const done = structured('done');
const times = (count, make) => Buffer.concat(Array.from({ length: count }, (_, i) => make(i)));
const pick = ({ slot, generation }) => ({ slot, generation });
const errorFrame = (call, body) => frame(TYPE.ERROR, { ...pick(call), flags: 1 }, body);
const stranger = (slot) => answer({ slot: 1000 + slot, generation: 0 }, structured('stolen'));

/** Start, take the calls, do this. */
const afterCalls = (count, act) => async (peer) => {
  await peer.start();
  const calls = await peer.requests(count);
  await act(peer, calls);
};

/** Answer the first of two calls with this, and the second as it should be. */
const answerFirst = (make) =>
  afterCalls(2, async (peer, [first, second]) => {
    await peer.writeAll(make(first));
    await peer.writeAll(answer(second, done));
  });

const body = (bytes) => (call) => answer(call, Buffer.from(bytes));
const error = (make) => answerFirst((call) => errorFrame(call, make()));

function cyclic() {
  const inner = new Error('inner');
  const outer = new Error('outer', { cause: inner });
  inner.cause = outer;
  return structured(outer);
}

function deep(levels) {
  let chain = new Error('the first');
  for (let i = 0; i < levels; i++) chain = new Error(`number ${i}`, { cause: chain });
  return structured(chain);
}

/** An error of these texts and properties, tag by tag. */
function describedError(texts, properties = []) {
  const string = (value) => {
    const head = Buffer.alloc(5);
    head[0] = 0x07;
    head.writeUInt32LE(value.length, 1);
    return Buffer.concat([head, Buffer.from(value, 'latin1')]);
  };
  const pairs = properties.flatMap(([key, value]) => [string(key), structured(value).subarray(1)]);
  return Buffer.concat([
    Buffer.from([0, 0x19]),
    ...texts.map(string),
    ...pairs,
    Buffer.from([0x1a]),
  ]);
}

module.exports = {
  // ------------------------------------------------------------ whose answer it is
  strangers: answerFirst((call) => Buffer.concat([times(100, stranger), answer(call, done)])),
  tooManyStrangers: answerFirst(() => times(101, stranger)),
  otherGeneration: answerFirst((call) =>
    Buffer.concat([
      answer({ slot: call.slot, generation: call.generation + 1 }, structured('stolen')),
      answer(call, done),
    ]),
  ),
  twice: answerFirst((call) =>
    Buffer.concat([answer(call, done), answer(call, structured('again'))]),
  ),
  thenError: answerFirst((call) =>
    Buffer.concat([answer(call, done), errorFrame(call, structured(new Error('again')))]),
  ),
  always: answerFirst((call) => times(102, () => answer(call, done))),
  pongForCall: afterCalls(2, (peer, [call]) => peer.writeAll(frame(TYPE.PONG, pick(call)))),
  answerForPing: async (peer) => {
    await peer.start();
    const ping = await peer.nextOf(TYPE.PING);
    await peer.writeAll(answer(ping, structured('not a time')));
  },
  farSlot: answerFirst((call) =>
    Buffer.concat([answer({ slot: 0xffffffff, generation: 0xffffffff }, done), answer(call, done)]),
  ),
  // Says nothing until told to by a call that is not given up, then answers all that were.
  late: async (peer, count, surplus) => {
    await peer.start();
    const abandoned = await peer.requests(Number(count));
    const [last] = await peer.requests(1);
    await peer.writeAll(times(Number(count), (i) => answer(abandoned[i], structured('late'))));
    await peer.writeAll(times(Number(surplus), (i) => answer(abandoned[i], structured('late'))));
    await peer.writeAll(answer(last, done));
  },
  lateLong: async (peer) => {
    await peer.start();
    const abandoned = await peer.requests(3);
    const [last] = await peer.requests(1);
    const chunk = (call, flags) =>
      frame(TYPE.RESPONSE, { ...pick(call), flags: 1 | flags }, Buffer.alloc(32_000));
    for (const call of abandoned) {
      for (let i = 0; i < 100; i++) await peer.writeAll(chunk(call, FLAG.MORE));
      await peer.writeAll(chunk(call, 0));
    }
    await peer.writeAll(answer(last, done));
  },

  // ------------------------------------------------------------ what is in it
  empty: answerFirst((call) => answer(call, Buffer.alloc(0))),
  noCodec: answerFirst((call) => answer(call, done, 0)),
  otherCodec: answerFirst((call) => answer(call, Buffer.from('{}'), CODEC.json)),
  garbage: answerFirst(body([0, 0xff, 0xfe, 0x12, 0x34])),
  unknownTag: answerFirst(body([0, 0x2f])),
  shortString: answerFirst(body([0, 0xbf, 0x61])),
  longString: answerFirst(body([0, 0x07, 0xff, 0xff, 0xff, 0x7f, 0x61])),
  hugeArray: answerFirst(body([0, 0x0b, 0xff, 0xff, 0xff, 0xff])),
  farReference: answerFirst(body([1, 0x09, 0xff, 0xff, 0xff, 0x7f])),
  unknownShape: answerFirst(body([0, 0xc5])),
  tooDeep: answerFirst(body([0, ...Array(5000).fill(0xe1), 0x40])),
  trailing: answerFirst((call) => answer(call, Buffer.concat([done, done]))),
  hugeBuffer: answerFirst(body([0, 0x16, 0xff, 0xff, 0xff, 0x7f])),
  hugeResizable: answerFirst(body([0, 0x17, 0, 0, 0, 0, 0, 0, 0x70, 0x42, 0, 0, 0, 0])),
  badRegExp: answerFirst(body([0, 0x10, 0x81, 0x28, 0x80])),
  proto: answerFirst(body([0, 0xf1, 0x89, ...Buffer.from('__proto__'), 0xf1, 0x81, 0x78, 0x41])),
  constructorKey: answerFirst(
    body([0, 0xf1, 0x8b, ...Buffer.from('constructor'), 0xf1, 0x81, 0x78, 0x41]),
  ),
  thenable: answerFirst((call) => answer(call, structured({ then: 'later', value: 1 }))),
  jsonThenJson: async (peer, string) => {
    await afterCalls(2, async (from, [first, second]) => {
      await from.writeAll(answer(first, Buffer.from(string, 'base64'), CODEC.json));
      await from.writeAll(answer(second, Buffer.from('"done"'), CODEC.json));
    })(peer);
  },
  deepJson: async (peer, depth) => {
    await afterCalls(2, async (from, [first, second]) => {
      await from.writeAll(answer(first, Buffer.from('['.repeat(Number(depth))), CODEC.json));
      await from.writeAll(answer(second, Buffer.from('"done"'), CODEC.json));
    })(peer);
  },
  garbledV8: afterCalls(2, async (peer, [first, second]) => {
    await peer.writeAll(answer(first, Buffer.from('\xff\x0fo"\x01', 'latin1'), CODEC.v8));
    await peer.writeAll(answer(second, require('node:v8').serialize('done'), CODEC.v8));
  }),

  // ------------------------------------------------------------ errors
  cyclicError: error(cyclic),
  deepError: error(() => deep(90)),
  giantStack: error(() => describedError(['Error', 'Error', 'small', 'x'.repeat(100_000)])),
  giantError: answerFirst((call) => errorFrame(call, Buffer.alloc(500_000, 0x41))),
  endlessError: answerFirst((call) =>
    Buffer.concat([
      frame(TYPE.ERROR, { ...pick(call), flags: 1 | FLAG.MORE }, Buffer.alloc(8)),
      frame(TYPE.ERROR, { ...pick(call), flags: 1 }, Buffer.alloc(8)),
    ]),
  ),
  errorOfClass: async (peer, className) => {
    await error(() => describedError([className, className, 'hostile', 'no stack']))(peer);
  },
  errorProperties: error(() =>
    describedError(
      ['Error', 'Error', 'hostile', 'no stack'],
      [
        ['__proto__', { polluted: true }],
        ['constructor', 'not a function'],
        ['toString', 'neither'],
        ['then', 'nor this'],
        ['message', 'another'],
        ['stack', 'another'],
        ['code', 'E_HOSTILE'],
      ],
    ),
  ),
  errorNotError: error(() => structured({ then: 1 })),
  errorUnreadable: error(() => Buffer.from('garbage')),
  errorEmpty: error(() => Buffer.alloc(0)),

  // ------------------------------------------------------------ names
  oddNames: async (peer) => {
    const names = ['__proto__', 'constructor', 'toString', 'then', 'hasOwnProperty', ''];
    await peer.start(names);
    for (;;) {
      const call = await peer.nextOf(TYPE.REQUEST);
      await peer.writeAll(answer(call, structured(names[call.method])));
    }
  },
};
