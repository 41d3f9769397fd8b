'use strict';

const assert = require('node:assert/strict');
const hawser = require('hawser');

const { serializeError, deserializeError, registerErrorClass } = hawser;
const again = (error) => deserializeError(JSON.parse(JSON.stringify(serializeError(error))));

describe('JsonSerializer', () => {
  it('is a Serializer that gives text, and takes text or bytes', () => {
    const serializer = new hawser.JsonSerializer();
    assert.ok(serializer instanceof hawser.Serializer);
    const text = serializer.serialize({ a: [1, 'ü'] });
    assert.equal(text, '{"a":[1,"ü"]}');
    assert.deepEqual(serializer.deserialize(text), { a: [1, 'ü'] });
    assert.deepEqual(serializer.deserialize(Buffer.from(text)), { a: [1, 'ü'] });
    assert.throws(() => serializer.deserialize('{'), SyntaxError);
  });
});

describe('serializeError and deserializeError', () => {
  for (const ctor of [Error, TypeError, RangeError, SyntaxError, EvalError, URIError]) {
    it(`bring back a ${ctor.name} with message, stack, code and own properties`, () => {
      const error = Object.assign(new ctor('why'), { code: 'E_OWN', detail: { n: [1] } });
      const copy = again(error);
      assert.equal(Object.getPrototypeOf(copy), ctor.prototype);
      const { message, stack, code, detail } = copy;
      assert.deepEqual({ message, stack, code, detail }, { ...error, message, stack: error.stack });
      assert.ok(!Object.keys(copy).includes('message'));
    });
  }

  it('give an object as the contract says', () => {
    const error = Object.assign(new TypeError('why', { cause: 'that' }), { code: 7, own: true });
    const { stack } = error;
    assert.deepEqual(serializeError(error), {
      name: 'TypeError',
      message: 'why',
      stack,
      code: 7,
      cause: 'that',
      properties: { own: true },
    });
  });

  it('bring back an AggregateError with its errors, each of its class', () => {
    const copy = again(new AggregateError([new RangeError('a'), 'b', new Error('c')], 'all'));
    assert.ok(copy instanceof AggregateError);
    const [first, second, third] = copy.errors;
    assert.ok(first instanceof RangeError);
    assert.deepEqual([first.message, second, third.message], ['a', 'b', 'c']);
    assert.ok(!Object.keys(copy).includes('errors'));
  });

  it('bring back a DOMException with its name and code', () => {
    const copy = again(new DOMException('gone', 'AbortError'));
    assert.ok(copy instanceof DOMException);
    assert.deepEqual([copy.name, copy.message, copy.code], ['AbortError', 'gone', 20]);
  });

  it('bring back a chain of causes, of any length up to a hundred', () => {
    let error = new Error('0');
    for (let i = 1; i < 50; i++) error = new RangeError(String(i), { cause: error });
    let copy = again(error);
    for (let i = 49; i >= 0; i--) {
      assert.equal(copy.message, String(i));
      assert.equal(copy instanceof RangeError, i > 0);
      copy = copy.cause;
    }
    assert.equal(copy, undefined);
  });

  it('end at an error that is its own cause, and at a chain without an end', () => {
    const own = new Error('own');
    own.cause = own;
    assert.equal(again(own).cause, undefined);
    let long = new Error('0');
    for (let i = 0; i < 10_000; i++) long = new Error('x', { cause: long });
    let length = 0;
    for (let copy = again(long); copy instanceof Error; copy = copy.cause) length++;
    assert.ok(length > 50 && length <= 102, String(length));
  });

  it('bring back the errors of hawser with their codes and fields', () => {
    const error = new hawser.TimeoutError('timeout of a test', { phase: 'queue', timeout: 5 });
    const copy = again(error);
    assert.ok(copy instanceof hawser.TimeoutError && copy instanceof hawser.HawserError);
    const { name, code, phase, timeout } = copy;
    assert.deepEqual(
      [name, code, phase, timeout],
      ['TimeoutError', 'ERR_HAWSER_TIMEOUT', 'queue', 5],
    );
  });

  it('bring back what is no error as an Error', () => {
    for (const thrown of [null, undefined, 0, 'text', Symbol('s'), { message: 'm' }, () => {}]) {
      const copy = deserializeError(serializeError(thrown));
      assert.ok(copy instanceof Error);
      assert.equal(typeof copy.message, 'string');
    }
  });

  it('do not throw for an error whose getters throw, nor for a Proxy', () => {
    const sly = new Error('sly');
    for (const key of ['stack', 'message', 'name', 'code', 'own'])
      Object.defineProperty(sly, key, {
        enumerable: true,
        get() {
          throw new Error(key);
        },
      });
    const proxy = new Proxy(new Error('x'), {
      get() {
        throw new Error('trap');
      },
      ownKeys() {
        throw new Error('trap');
      },
      getPrototypeOf() {
        throw new Error('trap');
      },
    });
    for (const thrown of [sly, proxy]) assert.equal(serializeError(thrown).name, 'Error');
  });

  it('leave functions and symbols out', () => {
    const error = Object.assign(new Error('x'), { run() {}, tag: Symbol('s'), kept: 1 });
    assert.deepEqual(serializeError(error).properties, { kept: 1 });
  });
});

describe('registerErrorClass', () => {
  class UnitError extends Error {
    constructor() {
      super('by the constructor');
      throw new Error('it was run');
    }
    get isUnit() {
      return true;
    }
  }
  const make = (message) => Object.setPrototypeOf(new Error(message), UnitError.prototype);

  it('lets errors arrive as instances of the class, without running its constructor', () => {
    const before = again(make('early'));
    assert.ok(before instanceof hawser.RemoteError);
    registerErrorClass(UnitError);
    const copy = again(make('late'));
    assert.ok(copy instanceof UnitError);
    assert.deepEqual([copy.message, copy.isUnit], ['late', true]);
  });

  it('refuses what is no named class of errors, and the names of standard classes', () => {
    const standard = { TypeError: class TypeError extends Error {} }.TypeError;
    for (const ctor of [undefined, {}, () => {}, class A {}, class extends Error {}, standard])
      assert.throws(() => registerErrorClass(ctor), TypeError);
  });
});

describe('deserializeError of what somebody else made (W17)', () => {
  const hostile = JSON.parse(`{
    "name": "TypeError", "message": "m", "stack": "s",
    "properties": { "__proto__": { "polluted": 1 }, "constructor": "c", "toString": "t",
                    "name": "n", "message": "other", "stack": "other", "hasOwnProperty": 1 }
  }`);

  it('makes data of every key, and pollutes nothing', () => {
    const error = deserializeError(hostile);
    assert.equal(Object.getPrototypeOf(error), TypeError.prototype);
    assert.deepEqual([error.name, error.message, error.stack], ['TypeError', 'm', 's']);
    assert.equal({}.polluted, undefined);
    assert.deepEqual(Object.getOwnPropertyDescriptor(error, '__proto__').value, { polluted: 1 });
    assert.equal(Object.getOwnPropertyDescriptor(error, 'constructor').value, 'c');
  });

  for (const name of ['__proto__', 'constructor', 'Object', 'Function', 'process', '']) {
    it(`of the class ${name || 'without a name'} makes a RemoteError`, () => {
      const error = deserializeError({ name, class: name, message: 'm' });
      assert.equal(Object.getPrototypeOf(error), hawser.RemoteError.prototype);
      assert.equal(error.code, 'ERR_HAWSER_REMOTE');
    });
  }

  it('never throws, whatever the fields are', () => {
    const odd = [undefined, null, 1, 'x', [], {}, { name: {} }, Symbol('s')];
    for (const value of odd) {
      for (const key of ['name', 'message', 'stack', 'code', 'cause', 'errors', 'properties'])
        assert.ok(deserializeError({ name: 'Error', message: 'm', [key]: value }) instanceof Error);
      assert.ok(deserializeError(value) instanceof Error);
    }
  });

  it('cuts texts of a megabyte, and chains of ten thousand', () => {
    const text = 'x'.repeat(1 << 20);
    const error = deserializeError({ name: text, message: text, stack: text });
    assert.deepEqual([error.name.length, error.message.length], [256, 65_536]);
    assert.equal(error.stack.length, 65_536);
    let data = { name: 'Error', message: 'm', stack: 's' };
    for (let i = 0; i < 10_000; i++)
      data = { name: 'Error', message: 'm', stack: 's', cause: data };
    assert.ok(deserializeError(data) instanceof Error);
  });
});
