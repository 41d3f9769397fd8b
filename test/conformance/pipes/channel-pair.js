'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const native = require('../../../lib/binding');
const { Channel } = require('../../../lib/channel');
const { createCodec } = require('../../../lib/codec');
const { EVENT, ROLE, TYPE } = require('../../../lib/frames');
const { Listening } = require('../../../lib/listening');
const { STRUCTURED, encodeStart } = require('../../../lib/start-frames');

const OPTIONS = {
  maxMessageBytes: 64 * 1024 * 1024,
  highWaterMark: { bytes: 1024 * 1024, messages: 1024 },
  spin: 0,
};

/**
 * A host and a worker in one thread, greeted.
 * @param {'shm' | 'socket'} transport
 * @returns {Promise<{ host: Channel, worker: Channel, close: () => void }>} channels with onStream(end),
 *   to be set, and ended, undefined or [status, rule] of their end
 */
async function openChannels(transport) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-pair-'));
  const socketPath = path.join(folder, 'socket');
  try {
    const token = Buffer.alloc(32, 1);
    const arriving = new Promise((resolve) => {
      const listening = new Listening(socketPath, {
        onHost: (fds) => resolve({ fds, listening }),
        onNobody() {},
      });
      listening.waitForHost(0, token);
    });
    const link = native.connectLink(socketPath, token, transport === 'shm' ? native.ringBytes : 0);
    const { promise: ready, resolve: onReady } = later();
    const host = openHost(link, onReady);
    const { fds, listening } = await arriving;
    const worker = openWorker(fds);
    listening.close();
    await ready;
    return { host, worker, close: () => [host, worker].forEach((channel) => channel.close()) };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function openHost(link, onReady) {
  return openChannel(ROLE.HOST, {
    open: (options, callbacks) => native.openHost(link, options, callbacks),
    onEvent(channel, kind) {
      if (kind === EVENT.HELLO) sendStart(channel, TYPE.INIT, {});
      if (kind === EVENT.READY) onReady();
    },
  });
}

function openWorker(fds) {
  return openChannel(ROLE.WORKER, {
    open: (options, callbacks) => native.openWorker(fds, options, callbacks),
    onEvent(channel, kind) {
      if (kind !== EVENT.INIT) return;
      sendStart(channel, TYPE.METHODS, []);
      channel.sendBytes(TYPE.READY, 0, 0, 0, Buffer.alloc(0));
    },
  });
}

function sendStart(channel, type, value) {
  channel.sendBytes(type, STRUCTURED, 0, 0, encodeStart(value));
  channel.schedule();
}

function openChannel(role, { open, onEvent }) {
  const listener = {
    onOpen() {},
    onEvent: (kind) => onEvent(channel, kind),
    onStream: (end) => channel.onStream(end),
    onDrain() {},
    onEnd: (...how) => (channel.ended = how),
  };
  const options = { ...OPTIONS, role, uuid: native.uuid() };
  const channel = /** @type {any} */ (
    new Channel({ open, options, codec: createCodec('structured'), listener })
  );
  return channel;
}

function later() {
  let resolve;
  const promise = new Promise((settle) => (resolve = settle));
  return { promise, resolve };
}

module.exports = { openChannels };
