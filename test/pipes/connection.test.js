'use strict';

/** What a connection with one pipe makes of another end that does not do what is agreed. */

const assert = require('node:assert/strict');
const net = require('node:net');
const { once } = require('node:events');
const { ProtocolError, WorkerCrashedError } = require('hawser');
const { createPipeServer, TCPPipeAdapter } = require('hawser/pipes');
const native = require('../../lib/binding');
const { Channel } = require('../../lib/channel');
const { createCodec } = require('../../lib/codec');
const { FedLink } = require('../../lib/fed-link');
const { EVENT, ROLE, TYPE } = require('../../lib/frames');
const { STRUCTURED, encodeStart } = require('../../lib/start-frames');
const { failure } = require('./serving');

const WINDOWS = { bytes: 65_536, messages: 16 };

/** One end of a connection that does what `on` says: onEvent(kind, channel), onStream, onEnd(code). */
function peerOver(socket, role, on) {
  const link = new FedLink(socket, { allowance: Infinity, onExcess() {} });
  const channel = new Channel({
    open: (options, callbacks) => link.open(options, callbacks),
    options: {
      role,
      uuid: native.uuid(),
      maxMessageBytes: 1 << 20,
      highWaterMark: { bytes: 1 << 20, messages: 1000 },
      spin: 0,
    },
    codec: createCodec('structured'),
    listener: {
      onOpen() {},
      onEvent: (kind, at) => on.onEvent(kind, channel, at),
      onStream: (end) => on.onStream?.(end),
      onDrain() {},
      onEnd(code) {
        on.onEnd?.(code);
        channel.close();
        socket.destroy();
      },
    },
  });
  return { channel, link };
}

const initOf = (value) => (kind, channel) => {
  if (kind === EVENT.HELLO) channel.sendBytes(TYPE.INIT, STRUCTURED, 0, 0, encodeStart(value));
};

/** A StreamEnd's owner that notes what it hears. */
function noting() {
  const heard = [];
  return {
    heard,
    onChunks: (chunks) => heard.push(...chunks),
    onEnd: () => heard.push('end'),
    onReset: (error) => heard.push(error),
    onLost: () => heard.push('lost'),
    onWritable() {},
  };
}

describe('a connection that carries one pipe', () => {
  const endings = [];
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });

  /** A server that notes its pipes and errors, and a connection to it. */
  async function connection(options) {
    const pipes = [];
    const errors = [];
    const onError = (error) => errors.push(error);
    const server = await createPipeServer({ port: 0, onError, ...options }, (pipe) =>
      pipes.push(pipe),
    );
    const socket = net.connect(/** @type {any} */ (server.address()).port, '127.0.0.1');
    endings.push(async () => {
      for (const pipe of pipes) pipe.destroy();
      socket.destroy();
      await server.close();
    });
    return { socket, pipes, errors };
  }

  /** A pipe to a server of ours that does what `on` says. */
  async function pipeTo(on) {
    const server = net.createServer((socket) => {
      endings.push(() => void socket.destroy());
      peerOver(socket, ROLE.WORKER, on);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    endings.push(() => void server.close());
    const { port } = /** @type {any} */ (server.address());
    return new TCPPipeAdapter({ port }).createDuplex();
  }

  const ready = (kind, channel) => {
    if (kind !== EVENT.INIT) return;
    channel.sendBytes(TYPE.METHODS, STRUCTURED, 0, 0, encodeStart([]));
    channel.sendBytes(TYPE.READY, 0, 0, 0, Buffer.alloc(0));
  };

  for (const [what, init] of [
    ['nothing', undefined],
    ['that of a worker', { workerData: 1, timeouts: { types: {} } }],
    ['a later version', { pipe: 2 }],
  ]) {
    it(`refuses an INIT of ${what} (P3.19)`, async () => {
      const { socket, errors, pipes } = await connection();
      const told = await new Promise((resolve) => {
        peerOver(socket, ROLE.HOST, {
          onEvent: (kind, channel) => {
            initOf(init)(kind, channel);
            if (kind === EVENT.START_ERROR) resolve('error');
          },
        });
      });
      assert.equal(told, 'error');
      assert.deepEqual([errors.length, pipes.length], [1, 0]);
      assert.ok(errors[0] instanceof ProtocolError);
    });
  }

  it('resets a second stream, and the first goes on (P3.20)', async () => {
    const { socket, pipes } = await connection();
    const [first, second] = [noting(), noting()];
    await new Promise((resolve) => {
      peerOver(socket, ROLE.HOST, {
        onEvent: (kind, channel) => {
          initOf({ pipe: 1 })(kind, channel);
          if (kind !== EVENT.READY) return;
          channel.streams.open('one', WINDOWS).adopt(first);
          second.onReset = resolve;
          channel.streams.open('two', WINDOWS).adopt(second);
        },
      });
    });
    assert.deepEqual(
      pipes.map(({ name }) => name),
      ['one'],
    );
    const read = new Promise((resolve) => (first.onChunks = resolve));
    pipes[0].write('still');
    assert.deepEqual(await read, ['still']);
  });

  it('ends when either end makes a call (P3.20)', async () => {
    const { socket, errors } = await connection();
    await new Promise((resolve) => {
      peerOver(socket, ROLE.HOST, {
        onEvent: (kind, channel) => {
          initOf({ pipe: 1 })(kind, channel);
          if (kind === EVENT.READY) channel.send(TYPE.REQUEST, 0, 0, 1, 1, 0, false, 'call');
        },
        onEnd: resolve,
      });
    });
    assert.equal(errors[0].rule, 'P3.20');
    const pipe = await pipeTo({
      onEvent: (kind, channel) => {
        ready(kind, channel);
        if (kind === EVENT.INIT) channel.send(TYPE.REQUEST, 0, 0, 1, 1, 0, false, 'call');
      },
    });
    assert.ok((await failure(pipe)) instanceof ProtocolError);
  });

  it('is refused with an error of the other end, as it was thrown there', async () => {
    const { encodeError } = require('../../lib/error-frames');
    const pipe = await pipeTo({
      onEvent: (kind, channel) => {
        const error = new RangeError('no pipes today');
        if (kind === EVENT.INIT)
          channel.sendBytes(TYPE.ERROR, STRUCTURED, 0, 0, encodeError(error));
      },
    });
    const error = await failure(pipe);
    assert.ok(error instanceof RangeError);
    assert.equal(error.message, 'no pipes today');
  });

  it('is read to the end of the other side by who has ended its own (P3.22)', async () => {
    const { socket, pipes } = await connection();
    let link;
    const stream = noting();
    let over;
    const isOver = new Promise((resolve) => (over = resolve));
    const end = await new Promise((resolve) => {
      const peer = peerOver(socket, ROLE.HOST, {
        onEvent: (kind, channel) => {
          initOf({ pipe: 1 })(kind, channel);
          if (kind !== EVENT.READY) return;
          const opened = channel.streams.open('one', { ...WINDOWS, messages: 0 });
          opened.adopt(stream);
          stream.onEnd = over;
          resolve(opened);
        },
      });
      link = peer.link;
    });
    const sides = [];
    socket.once('end', () => sides.push('theirs'));
    end.end();
    while (pipes.length === 0) await new Promise(setImmediate);
    pipes[0].resume().end('last');
    await isOver;
    await failure(pipes[0]);
    assert.deepEqual(sides.length <= 1, true);
    if (sides.length === 0) await once(socket, 'end'); // it has ended its side, and reads on
    assert.equal(socket.destroyed, false);
    link.finish();
    await once(socket, 'close');
  });

  it('tells a pipe that is open of the end of its bytes inside a frame', async () => {
    const { socket, pipes } = await connection();
    peerOver(socket, ROLE.HOST, {
      onEvent: (kind, channel) => {
        initOf({ pipe: 1 })(kind, channel);
        if (kind === EVENT.READY) channel.streams.open('one', WINDOWS).adopt(noting());
      },
    });
    while (pipes.length === 0) await new Promise(setImmediate);
    const error = failure(pipes[0]);
    socket.end(Buffer.alloc(7));
    assert.ok((await error) instanceof WorkerCrashedError);
  });
});
