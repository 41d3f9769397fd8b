'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { Readable } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const v8 = require('node:v8');
const { SerializationError, TooLargeError } = require('hawser');
const { ProcessPipeAdapter } = require('hawser/pipes');
const { isGone } = require('./processes');
const { execPath } = require('./started');

const open = (command, args, options) =>
  new ProcessPipeAdapter(command, args).createDuplex({ objectMode: true, ...options });
/** A program that writes these bytes, whatever its input. */
const printing = (bytes) => {
  const script = `process.stdout.write(Buffer.from('${Buffer.from(bytes).toString('base64')}', 'base64'))`;
  return open(execPath, ['-e', script]);
};

/** What can be read, and the error, if any, behind it. */
async function drain(pipe) {
  const values = [];
  try {
    for await (const value of pipe) values.push(value);
  } catch (error) {
    return { values, error };
  }
  return { values, error: null };
}

describe('ProcessPipeAdapter in object mode', () => {
  it('carries every JSON value, a line each', async () => {
    const values = [{ a: [1, { b: 'ü\n\r\u2028' }] }, [], 'text', '', 0, -1.5, true, false, {}];
    const pipe = open('cat');
    for (const value of values) pipe.write(value);
    pipe.end();
    assert.deepEqual(await drain(pipe), { values, error: null });
  });

  it('carries values that look like messages of a pipe', async () => {
    const values = ['pause', 'resume', 'end', 'close'].map((type) => ({ type }));
    const seen = [];
    await pipeline(Readable.from(values), open('cat'), async (source) => {
      for await (const value of source) seen.push(value);
    });
    assert.deepEqual(seen, values);
  });

  it('makes no more of a queue when it was destroyed', async () => {
    const pipe = open('sleep', ['60']);
    let made = 0;
    const value = { toJSON: () => (made++, 'x'.repeat(300_000)) };
    pipe.cork();
    const told = Promise.all(
      Array.from({ length: 50 }, () => new Promise((done) => pipe.write(value, done))),
    );
    pipe.uncork();
    await new Promise(setImmediate);
    const before = made;
    await once(pipe.destroy(), 'close');
    assert.ok((await told).every((error) => error instanceof Error));
    assert.deepEqual([before, made], [1, 1]);
  });

  it('writes what was said in one turn as one piece', async () => {
    const report =
      "process.stdin.once('data', (bytes) => { console.log(bytes.length); process.exit() })";
    const pipe = open(execPath, ['-e', report]);
    pipe.cork();
    for (let i = 0; i < 100; i++) pipe.write('x'.repeat(97));
    pipe.uncork();
    assert.deepEqual(await once(pipe, 'data'), [100 * 100]);
    await once(pipe.destroy(), 'close');
  });

  it('carries a queue that is longer than a piece, in order', async () => {
    const values = Array.from({ length: 5000 }, (_, id) => ({ id, text: 'x'.repeat(id % 1000) }));
    const pipe = open('cat');
    pipe.cork();
    for (const value of values) pipe.write(value);
    pipe.uncork();
    pipe.end();
    assert.deepEqual((await drain(pipe)).values, values);
  });

  it('reads no further than its mark, and is let read on', async () => {
    const pipe = open('seq', ['1', '200000'], { highWaterMark: 10 });
    pipe.end();
    await once(pipe, 'readable');
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    assert.ok(pipe.readableLength <= 10, String(pipe.readableLength));
    const { values, error } = await drain(pipe);
    assert.equal(error, null);
    assert.deepEqual([values.length, values[0], values.at(-1)], [200_000, 1, 200_000]);
  });

  it('takes \\r\\n and a last line without an end, and skips empty lines', async () => {
    const pipe = printing('1\r\n\r\n\n{"a":2}\n\n"3"\r\n4');
    assert.deepEqual(await drain(pipe), { values: [1, { a: 2 }, '3', 4], error: null });
  });

  it('takes characters that come in pieces', async () => {
    const script = `
      const bytes = Buffer.from('"äöü€😀"\\n"\ufffd"\\n');
      let at = 0;
      (function next() { if (at < bytes.length) process.stdout.write(bytes.subarray(at, ++at), () => setImmediate(next)); })();
    `;
    const { values } = await drain(open(execPath, ['-e', script]));
    assert.deepEqual(values, ['äöü€😀', '\ufffd']);
  });

  describe('fails with a SerializationError, behind the values before it,', () => {
    const cases = [
      ['a line that is not JSON', '1\n2\nnot JSON\n3\n', /^a line is not JSON: "not JSON"$/],
      [
        'a long one, of which it names 100 characters',
        `1\n2\n${'y'.repeat(200)}\n`,
        /: "y{100}…"$/,
      ],
      ['a last line that was cut', '1\n2\n{"a":', /^a line is not JSON: "{\\"a\\":"$/],
      ['a line that is not UTF-8', Buffer.from('1\n2\n"\xff"\n', 'latin1'), /^a line is not UTF-8/],
      ['null, which no stream carries', '1\n2\nnull\n', /^a value is null/],
    ];
    for (const [what, output, message] of cases) {
      it(`at ${what}`, async () => {
        const { values, error } = await drain(printing(output));
        assert.deepEqual(values, [1, 2]);
        assert.ok(error instanceof SerializationError, String(error));
        assert.match(error.message, message);
      });
    }

    it('at once, though the program goes on', async () => {
      const adapter = new ProcessPipeAdapter('sh', ['-c', 'echo 1; echo oops; exec sleep 60']);
      const { values, error } = await drain(adapter.createDuplex({ objectMode: true }));
      assert.deepEqual([values, error.name], [[1], 'SerializationError']);
      await isGone(adapter.process.pid);
    });
  });

  it('says the exit code, not what was cut by it', async () => {
    const pipe = open('sh', ['-c', 'echo 1; printf "{"; exit 9']);
    const { values, error } = await drain(pipe);
    assert.deepEqual([values, error.exitCode], [[1], 9]);
  });

  it('fails with a TooLargeError at a line that does not end', async () => {
    const pipe = open('sh', ['-c', 'echo 1; exec cat /dev/zero']);
    const { values, error } = await drain(pipe);
    assert.deepEqual(values, [1]);
    assert.ok(error instanceof TooLargeError);
    assert.match(error.message, /^a line of more than 67108864 bytes/);
  });

  for (const [what, value, message] of [
    ['undefined', undefined, 'payload cannot be JSON: a undefined'],
    ['a function', () => {}, 'payload cannot be JSON: a function'],
    ['a BigInt inside', { a: [1n] }, /^payload\.a\[0\] cannot be JSON/],
  ]) {
    it(`fails the write of ${what} with a SerializationError, and the pipe with it (A2)`, async () => {
      const pipe = open('cat');
      const closed = new Promise((resolve) => pipe.on('close', resolve));
      const written = new Promise((resolve) => pipe.write(value, resolve));
      const [error] = await once(pipe, 'error');
      assert.ok(error instanceof SerializationError);
      assert.match(
        error.message,
        typeof message === 'string' ? new RegExp(`^${message}$`) : message,
      );
      assert.equal(await written, error);
      await closed;
    });
  }

  it('leaves null to the streams of Node, which refuse it', async () => {
    const pipe = open('cat');
    assert.throws(() => pipe.write(null), { code: 'ERR_STREAM_NULL_VALUES' });
    await once(pipe.destroy(), 'close');
  });
});

describe("ProcessPipeAdapter with a user's Serializer", () => {
  const hex = {
    name: 'hex',
    serialize: (value) => Buffer.from(JSON.stringify(value)).toString('hex'),
    deserialize: (text) => JSON.parse(Buffer.from(text, 'hex').toString()),
  };
  const binary = {
    name: 'binary',
    serialize: (value) => v8.serialize(value),
    deserialize: (bytes) => v8.deserialize(bytes),
  };
  const values = [1, { a: 'ä\n' }, new Date(0).toISOString(), 'x'.repeat(200_000), []];

  const through = async (serializer, script = 'cat') => {
    const pipe = open('sh', ['-c', script], { serializer });
    for (const value of values) pipe.write(value);
    pipe.end();
    return drain(pipe);
  };

  it('frames texts as lines', async () => {
    assert.deepEqual(await through(hex), { values, error: null });
    const withReturns = await through(hex, "sed 's/$/\\r/'");
    assert.deepEqual(withReturns, { values, error: null });
  });

  it('frames bytes by their length, 4 bytes little endian', async () => {
    assert.deepEqual(await through(binary), { values, error: null });
    const serializer = { serialize: () => Buffer.alloc(258, 1), deserialize: String };
    const pipe = open('sh', ['-c', 'head -c 6 | od -An -tx1 >&2; exit 1'], { serializer });
    pipe.end('x');
    const { error } = await drain(pipe);
    assert.equal(error.stderrTail.trim(), '02 01 00 00 01 01');
  });

  it('learns that it gives bytes from the first write, also where somebody reads before', async () => {
    const pipe = open('cat', [], { serializer: binary });
    const seen = [];
    pipe.on('data', (value) => seen.push(value));
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    pipe.end('x');
    await once(pipe, 'end');
    assert.deepEqual(seen, ['x']);
  });

  it('takes undefined, where the Serializer does', async () => {
    const pipe = open('cat', [], { serializer: binary });
    pipe.write(undefined);
    pipe.end('last');
    const seen = [];
    pipe.on('data', (value) => seen.push(value));
    await once(pipe, 'end');
    assert.deepEqual(seen, [undefined, 'last']);
  });

  it('takes bytes of a program that speaks first, where its property bytes says so', async () => {
    const script = 'printf "\\002\\000\\000\\000\\"a"; sleep 60';
    const serializer = { ...binary, bytes: true, deserialize: String };
    const pipe = open('sh', ['-c', script], { serializer });
    assert.deepEqual(await once(pipe, 'data'), ['"a']);
    await once(pipe.destroy(), 'close');
  });

  it('takes lines of a program that speaks first, where nothing says otherwise', async () => {
    const pipe = open('sh', ['-c', `echo ${hex.serialize('first')}; exec cat`], {
      serializer: hex,
    });
    assert.deepEqual(await once(pipe, 'data'), ['first']);
    pipe.end('second');
    assert.deepEqual(await once(pipe, 'data'), ['second']);
  });

  for (const [what, serializer, message] of [
    ['a text with a newline', { ...hex, serialize: () => 'a\nb' }, /gave a text that is no line/],
    ['an empty text', { ...hex, serialize: () => '' }, /gave a text that is no line/],
    [
      'neither text nor bytes',
      { ...hex, serialize: () => 1 },
      /must return a string or a Uint8Array/,
    ],
    [
      'bytes where lines were declared',
      { ...binary, bytes: false },
      /gave bytes, but lines are in/,
    ],
    [
      'a text where bytes were declared',
      { ...hex, bytes: true },
      /gave a text, but bytes are in use/,
    ],
    ['null when it reads', { ...hex, deserialize: () => null }, /^a value is null/],
  ]) {
    it(`fails with a SerializationError where it gives ${what}`, async () => {
      const pipe = open('cat', [], { serializer });
      pipe.end(1);
      const { error } = await drain(pipe);
      assert.ok(error instanceof SerializationError, String(error));
      assert.match(error.message, message);
    });
  }

  it('fails with what it throws as the cause', async () => {
    const cause = new RangeError('mine');
    const fail = () => {
      throw cause;
    };
    const pipe = open('cat', [], { serializer: { ...hex, deserialize: fail } });
    pipe.end(1);
    const { error } = await drain(pipe);
    assert.deepEqual([error.name, error.cause], ['SerializationError', cause]);
  });

  const framed = (script) =>
    drain(open('sh', ['-c', script], { serializer: { ...binary, bytes: true } }));

  it('fails with a TooLargeError at a length that is too large, before anything is kept', async () => {
    const { error } = await framed('printf "\\001\\000\\000\\004"; exec sleep 60');
    assert.ok(error instanceof TooLargeError);
    assert.equal(error.message, 'a value of 67108865 bytes, at most 67108864');
  });

  it('fails with a SerializationError where the last value is cut', async () => {
    const { error } = await framed('printf "\\005\\000\\000\\000ab"');
    assert.match(error.message, /^the output ends inside a value, 6 bytes behind its start$/);
  });
});
