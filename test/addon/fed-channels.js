'use strict';

/** Channels whose bytes the test itself carries. */

const native = require('../../lib/binding');
const { Channel } = require('../../lib/channel');
const { createCodec } = require('../../lib/codec');
const { EVENT, ROLE, TYPE } = require('../../lib/frames');
const { STRUCTURED, encodeStart } = require('../../lib/start-frames');

/**
 * One end: { channel, handle, ring, log }. What it does not know it looks up in `on`: onSend(start,
 * count), onWant(), onBatch(from, count) before its own, onRequest(at), onAnswer(kind, slot, at),
 * onEnd(code, rule), onReady().
 */
function fedEnd(role, on) {
  const end = { handle: undefined, ring: undefined };
  const open = (options, callbacks) => {
    end.handle = native.openFed(options, {
      onOpen: (ring, transport) => {
        end.ring = Buffer.from(ring);
        end.transport = transport;
        callbacks.onOpen(ring, transport);
      },
      onBatch: (from, count) => {
        on.onBatch?.(from, count);
        return callbacks.onBatch(from, count);
      },
      onEnd: callbacks.onEnd,
      onSend: (start, count) => on.onSend(start, count),
      onWant: () => on.onWant?.(),
    });
    return end.handle;
  };
  end.channel = new Channel({
    open,
    options: {
      role,
      uuid: native.uuid(),
      maxMessageBytes: 64 * 1024 * 1024,
      highWaterMark: { bytes: 1024 * 1024, messages: 65_536 },
      spin: 0,
    },
    codec: createCodec('structured'),
    listener: {
      onOpen() {},
      onEvent: (kind) => onStart(end.channel, kind, on),
      onRequest: (at) => on.onRequest?.(at),
      onAnswer: (kind, slot, at) => on.onAnswer?.(kind, slot, at),
      onDrain() {},
      onEnd: (code, rule) => on.onEnd?.(code, rule),
    },
  });
  return end;
}

function onStart(channel, kind, on) {
  if (kind === EVENT.HELLO && on.init !== undefined)
    channel.sendBytes(TYPE.INIT, STRUCTURED, 0, 0, encodeStart(on.init));
  if (kind === EVENT.INIT) {
    channel.sendBytes(TYPE.METHODS, STRUCTURED, 0, 0, encodeStart(['echo']));
    channel.sendBytes(TYPE.READY, 0, 0, 0, Buffer.alloc(0));
    on.onReady?.();
  }
  if (kind === EVENT.READY) on.onReady?.();
}

/** The bytes that onSend told of. */
function bytesOf(ring, start, count) {
  const twice = Buffer.concat([ring.subarray(start), ring.subarray(0, start)]);
  return Buffer.from(twice.subarray(0, count));
}

/**
 * Carries what one end sends to the other in portions, as far as that takes it: a pump with push(start,
 * count), for onSend, and again(), for the other end's onWant.
 * @param {() => any} from @param {() => any} to ends @param {() => number} portion bytes at a time
 */
function pump(from, to, portion) {
  const queue = [];
  let stopped = false;
  const run = () => {
    stopped = false;
    while (queue.length > 0 && !stopped) {
      const [bytes] = queue;
      const piece = bytes.subarray(0, portion());
      const taken = native.feed(to().handle, piece) ?? piece.length;
      native.fedSent(from().handle, taken);
      stopped = taken < piece.length;
      if (taken === bytes.length) queue.shift();
      else queue[0] = bytes.subarray(taken);
    }
  };
  return {
    push: (start, count) => {
      queue.push(bytesOf(from().ring, start, count));
      if (!stopped) run();
    },
    again: run,
  };
}

/** Two ends, each the other's peer. @param {any} onHost @param {any} onWorker @param {() => number} portion */
function fedPair(onHost, onWorker, portion = () => Infinity) {
  /** @type {any} */
  const ends = {};
  const host = () => ends.host;
  const worker = () => ends.worker;
  const there = pump(host, worker, portion);
  const back = pump(worker, host, portion);
  ends.host = fedEnd(ROLE.HOST, { init: {}, onSend: there.push, onWant: back.again, ...onHost });
  ends.worker = fedEnd(ROLE.WORKER, { onSend: back.push, onWant: there.again, ...onWorker });
  return ends;
}

/** Answers every request with its payload. @param {() => any} end */
function echo(end) {
  return (at) => {
    const { channel } = end();
    const [slot, generation] = [channel.slot(at), channel.generation(at)];
    channel.send(TYPE.RESPONSE, 0, 0, slot, generation, 0, false, channel.payload(at));
  };
}

function ask(channel, slot, payload) {
  channel.send(TYPE.REQUEST, 0, 0, slot, 1, 0, false, payload);
}

module.exports = { ask, bytesOf, echo, fedEnd, fedPair };
