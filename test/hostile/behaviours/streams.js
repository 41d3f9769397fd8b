'use strict';

/** Workers that start well, wait for three calls, and then break a rule of P11. */

const { FLAG, TYPE, credit, frame, ofStream, open, structured } = require('../peer/wire');

const times = (count, make) => Buffer.concat(Array.from({ length: count }, (_, i) => make(i)));
const text = structured('x'.repeat(20_000));

const thenSend = (make) => async (peer) => {
  await peer.start();
  await peer.requests(3);
  await peer.writeAll(make());
};

/** A stream that the host has accepted, then this. */
const thenSendOn = (options, make) => async (peer) => {
  await peer.start();
  await peer.requests(3);
  await peer.writeAll(open(1, options));
  await peer.nextOf(TYPE.CREDIT);
  await peer.writeAll(make());
};

/** What it makes of a stream that the host has opened. */
const thenAnswer = (make) => async (peer) => {
  await peer.start();
  await peer.writeAll(make(await peer.nextOf(TYPE.OPEN)));
};

const data = (slot, body, flags) => ofStream(TYPE.DATA, slot, body, flags);
const one = Buffer.from('1');

module.exports = {
  dataOfNoStream: thenSend(() => times(200, () => data(1, one))),
  dataBehindEnd: thenSendOn({}, () =>
    Buffer.concat([ofStream(TYPE.END, 1), times(200, () => data(1, one))]),
  ),
  dataBehindReset: thenSendOn({}, () =>
    Buffer.concat([ofStream(TYPE.RESET, 1), times(200, () => data(1, one))]),
  ),
  otherParity: thenSend(() => open(2)),
  openTwice: thenSend(() => times(2, () => open(1))),
  nameTooLong: thenSend(() => open(1, { name: 'n'.repeat(1025) })),
  nameCutShort: thenSend(() => open(1, { nameBytes: 100 })),
  beforeAcceptance: thenSend(() => Buffer.concat([open(1), data(1, one)])),
  beyondWindow: thenSendOn({}, () => times(10, () => data(1, Buffer.alloc(40_000)))),
  rapidReset: thenSend(() =>
    times(1024, (i) => Buffer.concat([open(2 * i + 1), ofStream(TYPE.RESET, 2 * i + 1)])),
  ),
  emptyData: thenSendOn({}, () => times(200, () => data(1))),
  bytewise: thenSendOn({ mode: 1 }, () =>
    times(text.length, (i) =>
      data(1, text.subarray(i, i + 1), 1 | (i === text.length - 1 ? 0 : FLAG.MORE)),
    ),
  ),
  creditShrinks: thenAnswer(({ slot, generation }) =>
    Buffer.concat([100_000n, 50_000n].map((bytes) => grant(slot, generation, bytes))),
  ),
  unreadableReset: thenAnswer(({ slot, generation }) =>
    frame(TYPE.RESET, { slot, generation, flags: 1 }, Buffer.from('\x00\xff garbage', 'latin1')),
  ),
};

function grant(slot, generation, bytes) {
  const whole = credit(bytes, 16n, slot);
  whole.writeUInt32LE(generation, 12);
  return whole;
}
