'use strict';

const { once } = require('node:events');
const { Readable } = require('node:stream');
const { parent, startWorkerServer, workerData } = require('hawser/worker');
const serializer = require('./picky');

const noted = [];
const waiting = []; // { what, resolve }
let produced = 0;
let running = 0;

function note(what) {
  noted.push(what);
  for (const one of waiting) if (one.what === what) one.resolve();
}

async function* range(count) {
  for (let i = 0; i < count; i++) yield i;
}

const failure = () => Object.assign(new RangeError('too far'), { code: 'E_FAR', limit: 7 });

/** Neither ends by itself nor gives anything. */
function silentReadable() {
  return new Readable({ read() {}, destroy: (_, done) => done(note('left')) });
}

const sources = {
  generator: (count) => range(count),
  readable: (count) => Readable.from(range(count)),
  promised: async (count) => range(count),
  web: (count) => Readable.toWeb(Readable.from(range(count))),
  custom: (count) => ({
    [Symbol.asyncIterator]: (at = 0) => ({
      next: () => ({ done: at === count, value: at++ }),
      return: () => note('returned behind its end'),
    }),
  }),
  async *silentGenerator(_, { signal }) {
    try {
      await once(signal, 'abort');
      yield 'too late';
    } finally {
      note('left');
    }
  },
  silentReadable,
  silentWeb: () => new ReadableStream({ cancel: () => note('left') }),
  silentCustom: (_, { signal }) => ({
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        await once(signal, 'abort');
        note('left');
        return { done: false, value: 'too late' };
      },
    }),
  }),
};

const handlers = {
  ...sources,
  plain: (value) => value,
  whenNoted: (what) =>
    noted.includes(what) || new Promise((resolve) => waiting.push({ what, resolve })),
  noted: () => noted,
  produced: () => produced,
  running: () => running,
  never: () => new Promise(() => {}),

  async *endless(bytes) {
    running++;
    const body = bytes === undefined ? undefined : Buffer.alloc(bytes);
    try {
      for (;;) yield { n: produced++, body };
    } finally {
      running--;
      note('left');
    }
  },
  async *throws(count) {
    yield* range(count);
    throw failure();
  },
  throwsAtOnce: () => {
    throw failure();
  },
  brokenReadable: (count) =>
    new Readable({
      objectMode: true,
      read() {
        if (count-- > 0) this.push(count);
        else this.destroy(failure());
      },
    }),
  destroyed: () => Readable.from([1]).destroy(),
  destroyedWithError: () => new Readable({ read() {} }).destroy(failure()),
  lockedWeb: () => {
    const stream = new ReadableStream();
    stream.getReader();
    return stream;
  },
  noIterator: () => ({ [Symbol.asyncIterator]: () => undefined }),
  async *yields(values) {
    for (const value of values) yield value === 'a function' ? { list: [1, { fn() {} }] } : value;
  },
  async *cannotClone() {
    try {
      yield 1;
      yield { list: [1, { fn() {} }] };
    } finally {
      note('left');
    }
  },
  async *exits(count) {
    yield* range(count);
    await new Promise(setImmediate);
    process.exit(3);
  },
  async *about(_, context) {
    context.progress('half');
    yield context.emit('event', 'of it');
    yield { tx: context.tx, type: context.type, metadata: context.metadata };
  },

  collect: async (items) => {
    const all = [];
    for await (const item of items) all.push(item);
    return all;
  },
  sum: async (items) => {
    let sum = 0;
    for await (const item of items) sum += item.n ?? item;
    return sum;
  },
  ignores: () => 'ignored',
  first: async (items) => {
    for await (const item of items) return item;
    return undefined;
  },
  outcome: async (items) => {
    const got = [];
    try {
      for await (const item of items) got.push(item);
    } catch ({ name, code, path, message }) {
      return { got, name, code, path, message };
    }
    return { got };
  },
  holds: async (items) => {
    await once(items, 'close');
    note('payload closed');
  },
  async *doubles(items) {
    for await (const item of items) yield item * 2;
  },
  kindOf: (items) => items.constructor.name,

  ask: (type) => parent.send(type, range(3000)),
  askNobody: async (type) => {
    const source = silentReadable();
    const answer = await parent.send(type, source);
    return { answer, destroyed: source.destroyed };
  },
  askFailing: (type) => parent.send(type, handlers.throws(2)).catch(({ code }) => code),
};

startWorkerServer(handlers, {
  onPipe: async (pipe, name) => {
    if (name === 'refused') throw failure();
    pipe.pipe(pipe);
  },
  maxConcurrency: workerData?.maxConcurrency,
  serializer: workerData?.isPicky ? serializer : undefined,
});
