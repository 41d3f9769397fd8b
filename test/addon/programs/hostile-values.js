'use strict';

/** Values that no function of the addon expects. */

const throwing = () => {
  throw new Error('thrown by a getter');
};

function detached() {
  const bytes = new Uint8Array(16);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  return bytes;
}

function withGetter(object, key, get) {
  return Object.defineProperty(object, key, { get, enumerable: true });
}

/** An array whose second element takes away the memory of the first. */
function detachingArray() {
  const bytes = new Uint8Array(1 << 20);
  return withGetter([bytes, null], 1, () => {
    if (bytes.buffer.byteLength > 0) structuredClone(bytes, { transfer: [bytes.buffer] });
    return new Uint8Array(8);
  });
}

function revoked() {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const NUMBERS = [
  0,
  -0,
  1,
  -1,
  1.5,
  64,
  4096,
  65_536,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53,
  -(2 ** 31),
];

/** @returns {unknown[]} made afresh, because some are used up */
function hostileValues() {
  return [
    ...NUMBERS,
    ...[NaN, Infinity, -Infinity, Number.MAX_VALUE, 10n, true, false, null, undefined],
    ...[
      '',
      'block',
      '1',
      Symbol.iterator,
      () => {},
      throwing,
      class {},
      {},
      [],
      Object.create(null),
    ],
    ...[new ArrayBuffer(8), new SharedArrayBuffer(8), new DataView(new ArrayBuffer(8))],
    ...[
      new Uint8Array(0),
      new Uint8Array(16),
      new Uint8Array(new SharedArrayBuffer(16)),
      detached(),
    ],
    ...[
      detached().buffer,
      new Float64Array(4),
      new Uint8Array(new ArrayBuffer(4, { maxByteLength: 9 })),
    ],
    ...[
      new Proxy({}, { get: throwing, has: throwing }),
      revoked(),
      new Proxy([], {}),
      new Date(NaN),
    ],
    ...[withGetter({}, 'role', throwing), withGetter([], 0, throwing), detachingArray()],
    ...[[new Uint8Array(8)], [1.5], [[]], [-1, -1, -1, -1], [2 ** 31], [1e9, 1e9, 1e9, 1e9], [NaN]],
    ...[new Array(65).fill(new Uint8Array(1)), new Array(2 ** 32 - 1), new Error('x'), new Map()],
  ];
}

/** What openHost and openWorker take. */
const OPTIONS = {
  role: 1,
  uuid: new Uint8Array(16),
  codecs: 255,
  maxMessageBytes: 65_536,
  windowBytes: 65_536,
  windowMessages: 16,
  highWaterBytes: 65_536,
  spinMicroseconds: 0,
};

module.exports = { hostileValues, OPTIONS };
