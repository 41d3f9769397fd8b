'use strict';

/** The payload of ERROR frames: docs/protocol.md P10. */

const assert = require('node:assert/strict');
const { decodeError, encodeError } = require('../../lib/error-frames');
const { RemoteError, TimeoutError } = require('../../lib/errors');
const { registerErrorClass } = require('../../lib/error-values');
const { StructuredDecoder } = require('../../lib/codec/structured-decoder');
const { bytesOf } = require('./protocol-document');

const MAX_BYTES = 65_536;
const read = (bytes) => decodeError(bytes, 0, bytes.length);
const sendAndRead = (thrown) => read(encodeError(thrown));

class ProtocolQuotaError extends Error {
  constructor() {
    super();
    assert.fail('the constructor must not run');
  }
}

describe('an ERROR frame', () => {
  const large = {
    'long texts': Object.assign(new Error('\u03bb'.repeat(1e5)), { stack: '\u03bb'.repeat(1e5) }),
    'a long property': Object.assign(new Error('no'), { log: 'a'.repeat(1e5), code: 'E_NO' }),
    'many properties': Object.assign(
      new Error('no'),
      Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`key of number ${i}`, i])),
    ),
    'a long chain of causes': Array.from({ length: 200 }).reduce(
      (cause) => new Error('a'.repeat(5000), { cause }),
      undefined,
    ),
    'many errors': new AggregateError(
      Array.from({ length: 500 }, () => new Error('a'.repeat(500))),
    ),
    'a long name': Object.assign(new Error('no'), { name: 'N'.repeat(1e5) }),
  };
  for (const [what, error] of Object.entries(large)) {
    it(`has at most 64 KiB, whatever the error: ${what} (P10.1)`, () => {
      const bytes = encodeError(error);
      assert.ok(bytes.length <= MAX_BYTES, `${bytes.length} bytes`);
      const arrived = read(bytes);
      assert.equal(arrived.constructor, error.constructor);
      assert.ok(error.message.startsWith(arrived.message));
    });
  }

  it('has no shapes: a decoder that knows none reads it (P10.1)', () => {
    const rows = Array.from({ length: 9 }, (_, row) => ({ row, text: 'a' }));
    const bytes = encodeError(Object.assign(new Error('no'), { rows }));
    const arrived = new StructuredDecoder().decode(bytes, 0, bytes.length);
    assert.deepEqual(arrived.rows, rows);
  });

  it('leaves out properties that cannot be encoded, and keeps the others (P10.3)', () => {
    const error = Object.assign(new Error('no'), { print() {}, symbol: Symbol('s'), code: 'E_NO' });
    Object.defineProperty(error, 'trap', { enumerable: true, get: () => assert.fail('trap') });
    const { message, code, ...rest } = sendAndRead(error);
    assert.deepEqual({ message, code, rest }, { message: 'no', code: 'E_NO', rest: {} });
  });

  it('carries cause and errors as those fields of the error (P10.3)', () => {
    const cause = new RangeError('far');
    const arrived = sendAndRead(new AggregateError([cause, 2], 'all', { cause }));
    assert.deepEqual(Object.keys(arrived), []);
    assert.ok(arrived.cause instanceof RangeError);
    assert.equal(arrived.errors[0], arrived.cause);
    assert.equal(arrived.errors[1], 2);
  });

  it('takes name, message and stack from their places only (P10.3)', () => {
    const pairs = ['name', 'message', 'stack'].map((key) => {
      const length = (0x80 + key.length).toString(16);
      return `${length} ${Buffer.from(key).toString('hex')} 81 78`;
    });
    const arrived = read(bytesOf(`00 19 00 00 82 6e6f 82 6174 ${pairs.join(' ')} 1a`));
    const { name, message, stack } = arrived;
    assert.deepEqual({ name, message, stack }, { name: 'Error', message: 'no', stack: 'at' });
    assert.deepEqual(Object.keys(arrived), []);
  });

  it('takes __proto__ for the name of a property (P9.9)', () => {
    const arrived = read(
      bytesOf('00 19 00 00 82 6e6f 82 6174 89 5f5f70726f746f5f5f f1 81 78 41 1a'),
    );
    assert.equal(Object.getPrototypeOf(arrived), Error.prototype);
    assert.equal(arrived.x, undefined);
    assert.deepEqual(Object.getOwnPropertyDescriptor(arrived, '__proto__').value, { x: 1 });
  });

  it('arrives as a standard class, one of hawser, a registered one, else RemoteError (P10.4)', () => {
    const unregistered = Object.assign(new Error('no'), { code: 'E_NO' });
    Object.setPrototypeOf(unregistered, ProtocolQuotaError.prototype);
    assert.ok(sendAndRead(new SyntaxError('no')) instanceof SyntaxError);
    assert.ok(sendAndRead(new TimeoutError('no')) instanceof TimeoutError);
    assert.ok(sendAndRead(unregistered) instanceof RemoteError);
    assert.equal(sendAndRead(unregistered).code, 'E_NO');
    registerErrorClass(ProtocolQuotaError);
    assert.ok(sendAndRead(unregistered) instanceof ProtocolQuotaError);
  });

  for (const thrown of [null, undefined, 0, 'text', Symbol('s'), { message: 'in an object' }]) {
    it(`of ${String(thrown?.message ?? String(thrown))} arrives as an Error with it as its cause (P10.5)`, () => {
      const arrived = sendAndRead(thrown);
      assert.equal(Object.getPrototypeOf(arrived), Error.prototype);
      if (typeof thrown !== 'symbol') assert.deepEqual(arrived.cause, thrown);
      assert.ok(arrived.message.length > 0);
    });
  }

  it('that cannot be read arrives as a ProtocolError (P10.6)', () => {
    for (const hex of ['', '00', '00 19', '00 c0', '00 19 41', '02 41', '00 1a', '00 41 41']) {
      const arrived = read(bytesOf(hex));
      assert.equal(arrived.code, 'ERR_HAWSER_PROTOCOL', hex);
      assert.equal(arrived.rule, 'P10.6');
    }
  });

  it('of more than 128 KiB is not looked into (P10.6)', () => {
    const bytes = Buffer.alloc(2 * MAX_BYTES + 1);
    const arrived = read(bytes);
    assert.ok(arrived instanceof RemoteError);
    assert.match(arrived.message, /131073/);
    assert.equal(read(bytes.subarray(1)).code, 'ERR_HAWSER_PROTOCOL');
  });
});
