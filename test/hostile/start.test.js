'use strict';

const assert = require('node:assert/strict');
const { TRANSPORTS, assertStartBreach, besideGoodWorker } = require('./workers');

describe('createWorker', () => {
  const startHostile = besideGoodWorker();
  const start = (behaviour, options) => startHostile('start', behaviour, options);

  const firstBytes = { 'an HTTP request': 'http', 'a TLS hello': 'tls', zeros: 'zeros' };
  for (const [name, behaviour] of Object.entries(firstBytes)) {
    it(`of a process whose first bytes are ${name} rejects with rule P3.0 (W1)`, () =>
      assertStartBreach(start(behaviour), 'P3.0'));
  }

  it('of a process that claims rings where there are none rejects with rule P3.0 (W1)', () =>
    assertStartBreach(start('ringsUnasked'), 'P3.0'));

  it('that rejects says nothing on stderr beside it (W1)', async () => {
    const { write } = process.stderr;
    const said = [];
    process.stderr.write = (text) => said.push(text) > 0;
    try {
      await assertStartBreach(start('http'), 'P3.0');
    } finally {
      process.stderr.write = write;
    }
    assert.deepEqual(said, []);
  });

  const instead = {
    httpFrames: ['an HTTP request', 'P3.1'],
    zeroFrames: ['zeros', 'P3.1'],
    endlessHello: ['a HELLO of 4 GiB', 'P2.3'],
    pingFirst: ['PING', 'P3.1'],
    magic: ['a HELLO of another magic', 'P3.2'],
    hostRole: ['the HELLO of a host', 'P3.5'],
    shortHello: ['a HELLO too short', 'P2.3'],
    longHello: ['a HELLO over 4 KiB', 'P2.3'],
    noWindow: ['a HELLO without a window', 'P3.4'],
    helloTwice: ['HELLO twice', 'P3.6'],
    requestEarly: ['REQUEST before READY', 'P3.6'],
    readyWithoutMethods: ['READY without METHODS', 'P3.6'],
    initBack: ['INIT', 'P3.6'],
    methodsTwice: ['METHODS twice', 'P3.6'],
    garbledMethods: ['METHODS that cannot be read', 'P9.14'],
    numberedMethods: ['METHODS that are no names', 'P3.9'],
    manyMethods: ['more METHODS than numbers', 'P3.9'],
  };
  for (const transport of TRANSPORTS) {
    for (const [behaviour, [what, rule]] of Object.entries(instead)) {
      it(`over ${transport}, answered by ${what}, rejects with rule ${rule} (W1)`, () =>
        assertStartBreach(start(behaviour, { transport }), rule));
    }

    for (const [behaviour, version] of Object.entries({ newer: 2, older: 0 })) {
      it(`over ${transport}, of version ${version}, names both versions (W2)`, async () => {
        await assert.rejects(start(behaviour, { transport }), {
          name: 'HandshakeError',
          code: 'ERR_HAWSER_HANDSHAKE',
          message: `Worker speaks version ${version} of the protocol, this host version 1`,
        });
      });
    }

    for (const behaviour of ['silence', 'noHello', 'halfHello', 'tlsFrames', 'endlessStart']) {
      it(`over ${transport}, with ${behaviour}, ends with the startup timeout (W1)`, async () => {
        const starting = start(behaviour, { transport, timeout: { startup: 300 } });
        await assert.rejects(starting, { code: 'ERR_HAWSER_TIMEOUT', phase: 'startup' });
      });
    }

    it(`over ${transport}, with an ERROR that cannot be read, is a WorkerStartError (W17)`, async () => {
      await assert.rejects(start('garbledError', { transport }), (error) => {
        assert.equal(error.code, 'ERR_HAWSER_START');
        assert.equal(error.cause.code, 'ERR_HAWSER_PROTOCOL');
        return true;
      });
    });

    it(`over ${transport}, with a hundred ERRORs, rejects with the first (W17)`, async () => {
      await assert.rejects(start('errorFlood', { transport }), (error) => {
        assert.equal(error.code, 'ERR_HAWSER_START');
        assert.equal(error.cause.name, 'RangeError');
        return true;
      });
    });
  }

  it('of a process that closes its socket and stays ends in WorkerStartError (W6)', async () => {
    await assert.rejects(start('hangUp'), { code: 'ERR_HAWSER_START', signal: 'SIGKILL' });
  });
});
