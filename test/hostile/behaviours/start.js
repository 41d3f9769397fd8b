'use strict';

/** Workers that do not start as P3 says. */

const { FLAG, MAGIC, ROLE, TYPE, frame, header, hello, structured } = require('../peer/wire');

const methodsOf = (names) => frame(TYPE.METHODS, { flags: 1 }, structured(names));

/** Greet, wait for INIT, then say this. */
const afterInit = (bytes) => async (peer) => {
  peer.greet();
  await peer.nextOf(TYPE.INIT);
  peer.write(bytes);
};

/** Start, then end as a worker does whose script cannot be started: with this. */
const failWith = (bytes) => async (peer) => {
  peer.greet();
  await peer.nextOf(TYPE.INIT);
  await peer.writeAll(bytes);
  process.exit(1);
};

/** Say which transport it is, then this instead of HELLO. */
const insteadOfHello = (bytes) => (peer) => {
  peer.join();
  peer.write(bytes);
};

const tlsHello = Buffer.from('160301020001000001fc0303', 'hex');
const http = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n';

module.exports = {
  // first bytes
  http: (peer) => peer.socket.write(http),
  tls: (peer) => peer.socket.write(tlsHello),
  zeros: (peer) => peer.socket.write(Buffer.alloc(4096)),
  ringsUnasked: (peer) => peer.socket.write('R'),
  silence: () => {},
  hangUp: (peer) => {
    peer.stay();
    peer.hangUp();
  },

  // instead of HELLO
  httpFrames: insteadOfHello(http),
  tlsFrames: insteadOfHello(tlsHello),
  zeroFrames: insteadOfHello(Buffer.alloc(4096)),
  endlessHello: insteadOfHello(header(TYPE.HELLO, { length: 0xffffffff })),
  pingFirst: insteadOfHello(frame(TYPE.PING)),
  noHello: (peer) => peer.join(),
  halfHello: insteadOfHello(hello().subarray(0, 30)),

  // HELLO
  magic: (peer) => peer.greet({ magic: MAGIC + 1 }),
  newer: (peer) => peer.greet({ version: 2 }),
  older: (peer) => peer.greet({ version: 0 }),
  hostRole: (peer) => peer.greet({ role: ROLE.host }),
  shortHello: (peer) => peer.greet({ size: 40 }),
  longHello: (peer) => peer.greet({ size: 4104 }),
  noWindow: (peer) => peer.greet({ bytes: 4095n }),
  helloTwice: (peer) => {
    peer.greet();
    peer.write(hello());
  },

  // before READY
  requestEarly: afterInit(frame(TYPE.REQUEST)),
  readyWithoutMethods: afterInit(frame(TYPE.READY)),
  initBack: afterInit(frame(TYPE.INIT, { flags: 1 }, structured({}))),
  methodsTwice: afterInit(Buffer.concat([methodsOf(['a']), methodsOf(['b'])])),
  garbledMethods: afterInit(frame(TYPE.METHODS, { flags: 1 }, Buffer.from('\x00\xff garbage'))),
  numberedMethods: afterInit(methodsOf([1, 2, 3])),
  manyMethods: async (peer) => {
    peer.greet();
    await peer.nextOf(TYPE.INIT);
    const names = Array.from({ length: 65_537 }, (_, i) => `m${i}`);
    await peer.writeAll(methodsOf(names));
  },
  endlessStart: afterInit(frame(TYPE.METHODS, { flags: 1 | FLAG.MORE }, Buffer.alloc(64))),
  garbledError: failWith(frame(TYPE.ERROR, { flags: 1 }, Buffer.from('\x00\x19 garbage'))),
  errorFlood: failWith(
    Buffer.concat(
      Array.from({ length: 100 }, () =>
        frame(TYPE.ERROR, { flags: 1 }, structured(new RangeError('no'))),
      ),
    ),
  ),
};
