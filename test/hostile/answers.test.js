'use strict';

const assert = require('node:assert/strict');
const { TRANSPORTS, assertBreach, besideGoodWorker } = require('./workers');

const base64 = (text) => Buffer.from(text, 'latin1').toString('base64');

for (const transport of TRANSPORTS) {
  describe(`send() to a worker over ${transport}`, () => {
    const startHostile = besideGoodWorker();
    const start = (behaviour, { details = [], ...options } = {}) =>
      startHostile('answers', behaviour, { transport, details: details.map(String), ...options });
    const askTwice = async (behaviour, options) => {
      const worker = await start(behaviour, options);
      return { worker, calls: [worker.send('ask', 1), worker.send('ask', 2)] };
    };

    /** The first call alone rejects, with this; the second is answered, and the worker lives. */
    const rejectsAlone = async (expected, behaviour, options) => {
      const { worker, calls } = await askTwice(behaviour, options);
      const [first, second] = await Promise.allSettled(calls);
      assert.equal(first.status, 'rejected');
      if (typeof expected === 'function') expected(first.reason);
      else assert.equal(first.reason.code, expected, first.reason.stack);
      assert.deepEqual(second, { status: 'fulfilled', value: 'done' });
      assert.equal(worker.state, 'ready');
      assert.equal(worker.stats().callsInFlight, 0);
      assert.deepEqual(worker.seen.errors, []);
    };
    const resolvesAlone = async (behaviour, options) => {
      const { calls } = await askTwice(behaviour, options);
      const [value, done] = await Promise.all(calls);
      assert.equal(done, 'done');
      return value;
    };
    const breaks = async (rule, behaviour) => {
      const { worker, calls } = await askTwice(behaviour);
      await assertBreach(worker, calls, rule);
    };

    for (const behaviour of ['strangers', 'otherGeneration', 'twice', 'thenError', 'farSlot']) {
      it(`resolves with its own answer although others came, ${behaviour} (W8)`, async () => {
        const { calls } = await askTwice(behaviour);
        assert.deepEqual(await Promise.all(calls), ['done', 'done']);
      });
    }

    it('rejects with rule P4.4 once the strikes for unknown answers are used up (W8)', () =>
      breaks('P4.4', 'tooManyStrangers'));

    it('resolves once, and the rest of a hundred answers to it are strikes (W8)', async () => {
      const { worker, calls } = await askTwice('always');
      const [first, second] = await Promise.allSettled(calls);
      assert.deepEqual(first, { status: 'fulfilled', value: 'done' });
      assert.equal(second.reason.reason.error.rule, 'P4.4');
      assert.equal(worker.stats().callsFailed, 1);
    });

    it('rejects with rule P6.3 where a PONG answers it (W8)', () => breaks('P6.3', 'pongForCall'));

    it('ping() rejects with rule P6.3 where a RESPONSE answers it (W8)', async () => {
      const worker = await start('answerForPing');
      await assertBreach(worker, [worker.ping()], 'P6.3', 0); // a ping is no call
    });

    /** `count` calls that time out, then one that lets the worker go on. */
    const abandon = async (worker, count) => {
      const options = { timeout: 1 };
      const calls = Array.from({ length: count }, (_, i) => worker.send('ask', i, options));
      for (const { reason } of await Promise.allSettled(calls)) {
        assert.equal(reason.code, 'ERR_HAWSER_TIMEOUT');
        assert.equal(reason.phase, 'run');
      }
    };

    it('may be answered late, once for each call that was given up (W8)', async () => {
      const worker = await start('late', { details: [150, 0] });
      await abandon(worker, 150);
      assert.equal(await worker.send('ask'), 'done');
    });

    it('may be answered late and long: nothing of it is kept (W8)', async () => {
      const worker = await start('lateLong');
      await abandon(worker, 3);
      assert.equal(await worker.send('ask'), 'done');
    });

    it('rejects with rule P4.4 where late answers are more than what was given up (W8)', async () => {
      const worker = await start('late', { details: [150, 120] });
      await abandon(worker, 150);
      const [{ reason }] = await Promise.allSettled([worker.send('ask')]);
      assert.equal(reason.reason.error.rule, 'P4.4');
    });

    for (const behaviour of [
      ...['empty', 'noCodec', 'otherCodec', 'garbage', 'unknownTag', 'shortString', 'longString'],
      ...['hugeArray', 'farReference', 'unknownShape', 'tooDeep', 'trailing', 'hugeBuffer'],
      ...['hugeResizable', 'badRegExp'],
    ]) {
      it(`rejects alone with ProtocolError for an answer that cannot be read, ${behaviour} (W16)`, () =>
        rejectsAlone('ERR_HAWSER_PROTOCOL', behaviour));
    }

    it("rejects alone with ProtocolError for an answer of v8's that cannot be read (W16)", () =>
      rejectsAlone('ERR_HAWSER_PROTOCOL', 'garbledV8', { serializer: 'v8' }));

    for (const [name, string] of Object.entries({
      'cut short': '{"a": [1, 2',
      'no JSON': 'undefined',
      'invalid UTF-8': '"\xff\xfe"',
      'with bytes behind it': '{} {}',
      empty: ' ',
    })) {
      it(`rejects alone with ProtocolError for JSON that is ${name} (W16)`, () =>
        rejectsAlone('ERR_HAWSER_PROTOCOL', 'jsonThenJson', {
          serializer: 'json',
          details: [base64(string)],
        }));
    }

    it('rejects alone with ProtocolError for JSON of a million levels (W16)', () =>
      rejectsAlone('ERR_HAWSER_PROTOCOL', 'deepJson', {
        serializer: 'json',
        details: [1_000_000],
      }));

    it('takes __proto__ and constructor in JSON for keys, and 1e400 for Infinity (W16)', async () => {
      const string = '{"__proto__": {"x": 1}, "constructor": {"y": 2}, "a": 1, "a": 1e400}';
      const options = { serializer: 'json', details: [base64(string)] };
      const value = await resolvesAlone('jsonThenJson', options);
      assert.deepEqual(Object.keys(value), ['__proto__', 'constructor', 'a']);
      assert.equal(Object.getPrototypeOf(value), Object.prototype);
      assert.equal(value.a, Infinity);
      assert.equal({}.x, undefined);
    });

    it('takes __proto__ for a key (W16)', async () => {
      const value = await resolvesAlone('proto');
      assert.deepEqual(Object.keys(value), ['__proto__']);
      assert.equal(Object.getPrototypeOf(value), Object.prototype);
      assert.equal({}.x, undefined);
    });

    it('takes constructor for a key (W16)', async () => {
      const value = await resolvesAlone('constructorKey');
      assert.deepEqual(Object.keys(value), ['constructor']);
      assert.equal(Object.x, undefined);
    });

    it('takes a thenable in an answer for data (W19)', async () => {
      assert.deepEqual(await resolvesAlone('thenable'), { then: 'later', value: 1 });
    });

    it('takes a thenable in an error for data (W19)', () =>
      rejectsAlone((reason) => assert.ok(reason instanceof Error), 'errorNotError'));

    it('sends a thenable payload as data, and one with a method not at all (W19)', async () => {
      const worker = await start('oddNames');
      assert.equal(await worker.send('then', { then: 1 }), 'then');
      await assert.rejects(worker.send('then', { then() {} }), {
        code: 'ERR_HAWSER_SERIALIZE',
        path: 'payload.then',
      });
      const getter = {
        get value() {
          throw new Error('none of your business');
        },
      };
      await assert.rejects(worker.send('then', getter), { code: 'ERR_HAWSER_SERIALIZE' });
      assert.equal(await worker.send('then', 1), 'then');
    });

    it('reaches methods of names such as __proto__ and then, and no others (W18)', async () => {
      const worker = await start('oddNames');
      for (const name of ['__proto__', 'constructor', 'toString', 'then', 'hasOwnProperty', ''])
        assert.equal(await worker.send(name), name);
      for (const name of ['valueOf', 'isPrototypeOf', '__defineGetter__'])
        await assert.rejects(worker.send(name), { code: 'ERR_HAWSER_UNKNOWN_TYPE' });
    });

    it('rejects with an error whose causes are a cycle (W17)', () =>
      rejectsAlone((reason) => {
        assert.equal(reason.message, 'outer');
        assert.equal(reason.cause.message, 'inner');
      }, 'cyclicError'));

    it('rejects with an error of ninety causes (W17)', () =>
      rejectsAlone((reason) => {
        let depth = 0;
        for (let error = reason; error.cause instanceof Error; error = error.cause) depth++;
        assert.ok(depth > 0 && depth <= 90);
      }, 'deepError'));

    it('rejects with an error whose stack is longer than ours may be (W17)', () =>
      rejectsAlone((reason) => assert.equal(reason.message, 'small'), 'giantStack'));

    it('rejects with RemoteError for an error of half a megabyte, unread (W17)', () =>
      rejectsAlone((reason) => {
        assert.equal(reason.name, 'RemoteError');
        assert.match(reason.message, /500000 bytes/);
      }, 'giantError'));

    for (const behaviour of ['errorUnreadable', 'errorEmpty', 'endlessError']) {
      it(`rejects with ProtocolError for an error that cannot be read, ${behaviour} (W17)`, () =>
        rejectsAlone('ERR_HAWSER_PROTOCOL', behaviour));
    }

    for (const name of [
      '__proto__',
      'constructor',
      'Function',
      'Object',
      'Promise',
      'x'.repeat(9999),
    ]) {
      it(`rejects with RemoteError for an error of the class ${name.slice(0, 20)} (W17)`, () =>
        rejectsAlone(
          (reason) => {
            assert.equal(reason.constructor.name, 'RemoteError');
            assert.ok(reason instanceof Error);
            assert.ok(reason.name.length <= 256);
            assert.equal(reason.message, 'hostile');
          },
          'errorOfClass',
          { details: [name] },
        ));
    }

    it('rejects with an error whose properties are data (W17)', () =>
      rejectsAlone((reason) => {
        assert.equal(Object.getPrototypeOf(reason), Error.prototype);
        assert.deepEqual(Object.getOwnPropertyDescriptor(reason, '__proto__').value, {
          polluted: true,
        });
        assert.equal(reason.message, 'hostile');
        assert.equal(reason.code, 'E_HOSTILE');
        assert.equal({}.polluted, undefined);
      }, 'errorProperties'));
  });
}
