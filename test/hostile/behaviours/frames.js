'use strict';

/** Workers that start well, wait for three calls, and then break a rule of P2, P4, P5 or P6. */

const { FLAG, TYPE, answer, credit, frame, header, structured } = require('../peer/wire');

const MEBIBYTE = 1024 * 1024;

/** Start, take `count` calls, then do this with them. */
const afterCalls = (count, act) => async (peer) => {
  await peer.start();
  const calls = await peer.requests(count);
  await act(peer, calls);
};

/** Start, take three calls, then send what `make` makes of the first. */
const thenSend = (make) => afterCalls(3, (peer, [first]) => peer.writeAll(make(first)));
const thenSendAndLeave = (make) =>
  afterCalls(3, async (peer, [first]) => {
    peer.stay();
    await peer.writeAll(make(first));
    peer.hangUp();
  });

const times = (count, make) => Buffer.concat(Array.from({ length: count }, (_, i) => make(i)));
const done = structured('done');

module.exports = {
  // lengths
  length: async (peer, length) => {
    await thenSend((call) => header(TYPE.RESPONSE, { ...pick(call), length: Number(length) }))(
      peer,
    );
  },
  creditTooShort: thenSend(() => frame(TYPE.CREDIT, {}, Buffer.alloc(15))),
  pingTooLong: thenSend(() => frame(TYPE.PING, {}, Buffer.alloc(1))),
  // What is legal at both ends of the range: the longest frame there is, and answers of no length.
  longestFrame: afterCalls(3, async (peer, calls) => {
    await peer.writeAll(frame(TYPE.PAD, {}, Buffer.alloc(16 * MEBIBYTE)));
    for (const call of calls) await peer.writeAll(answer(call, Buffer.alloc(0), 0));
  }),
  // A claim within the window, and one byte of it: then silence.
  slowFrame: thenSend((call) =>
    Buffer.concat([
      header(TYPE.RESPONSE, { ...pick(call), flags: 1, length: MEBIBYTE / 2 }),
      Buffer.from([0]),
    ]),
  ),

  // pieces
  bytewise: afterCalls(3, async (peer, calls) => {
    for (const byte of times(3, (i) => answer(calls[i], done))) {
      await peer.writeAll(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
  }),
  allAtOnce: afterCalls(1000, (peer, calls) =>
    peer.writeAll(times(1000, (i) => answer(calls[i], structured(i)))),
  ),

  // ends
  halfHeader: thenSendAndLeave((call) => answer(call, done).subarray(0, 9)),
  halfBody: thenSendAndLeave((call) => answer(call, done).subarray(0, 20)),
  halfMessage: thenSendAndLeave((call) =>
    frame(TYPE.RESPONSE, { ...pick(call), flags: 1 | FLAG.MORE }, done),
  ),

  // types and flags
  type: async (peer, type) => {
    await thenSend(() => frame(Number(type)))(peer);
  },
  flag: async (peer, type, flags) => {
    await thenSend((call) => frame(Number(type), { ...pick(call), flags: Number(flags) }))(peer);
  },

  // lanes
  interleaved: thenSend((call) =>
    Buffer.concat([
      frame(TYPE.RESPONSE, { ...pick(call), flags: 1 | FLAG.MORE }, done),
      frame(TYPE.DEFINE, {}, Buffer.alloc(8)),
    ]),
  ),
  emptyChunks: thenSend((call) =>
    times(101, () => frame(TYPE.RESPONSE, { ...pick(call), flags: 1 | FLAG.MORE })),
  ),
  request: thenSend(() => frame(TYPE.REQUEST, { slot: 3, flags: 1 }, done)),
  requestTwice: thenSend(() => times(2, () => frame(TYPE.REQUEST, { slot: 3, flags: 1 }, done))),

  // credit
  creditShrinks: thenSend(() => credit(4096n, 1n)),
  creditWraps: thenSend(() =>
    Buffer.concat([credit(2n ** 64n - 1n, 2n ** 64n - 1n), credit(0n, 0n)]),
  ),
  creditOfAnotherLane: thenSend(() => frame(TYPE.CREDIT, { slot: 2049 }, Buffer.alloc(16))),
  creditOfNothing: thenSend(() => times(101, () => credit(2n ** 20n, 65_536n))),
  creditOfAll: afterCalls(3, async (peer, calls) => {
    await peer.writeAll(times(50, () => credit(2n ** 64n - 1n, 2n ** 64n - 1n)));
    for (const call of calls) await peer.writeAll(answer(call, done));
  }),
  creditOverrun: thenSend((call) =>
    frame(TYPE.RESPONSE, { ...pick(call), flags: 1 }, Buffer.alloc(MEBIBYTE)),
  ),

  // floods
  pads: thenSend(() => times(102, () => frame(TYPE.PAD))),
  goaways: thenSend(() => times(102, () => frame(TYPE.GOAWAY, {}, Buffer.alloc(4)))),
  pings: thenSend(() => times(5000, (i) => frame(TYPE.PING, { slot: i }))),
  pongs: thenSend(() => times(101, () => frame(TYPE.PONG, { slot: 99 }))),
  defines: thenSend(() => times(300, (id) => frame(TYPE.DEFINE, { flags: 1 }, definition(id)))),
  garbledDefine: thenSend(() => frame(TYPE.DEFINE, { flags: 1 }, Buffer.from('garbage'))),
  bearable: afterCalls(3, async (peer, calls) => {
    await peer.writeAll(times(50, () => frame(TYPE.PAD)));
    await peer.writeAll(times(20, () => frame(TYPE.PONG, { slot: 99 })));
    for (const call of calls) await peer.writeAll(answer(call, done));
  }),
  // Silence first, so that the host waits for nothing, then an end without a call.
  garbageWhenIdle: async (peer) => {
    await peer.start();
    peer.write(Buffer.alloc(64, 0xee));
  },
};

/** A shape of one key: u16 id, u8 count, key. */
function definition(id) {
  const key = `k${id}`;
  return Buffer.from([id & 0xff, id >> 8, 1, 0x80 + key.length, ...Buffer.from(key)]);
}

function pick({ slot, generation }) {
  return { slot, generation };
}
