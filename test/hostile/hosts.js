'use strict';

/** A worker process of ours, and a host that is not. */

const { spawn } = require('node:child_process');
const path = require('node:path');
const native = require('../../lib/binding');
const { SocketPeer } = require('./peer/socket-peer');
const { ROLE, TYPE, frame, hello, structured } = require('./peer/wire');

const execPath = process.env.HAWSER_NODE || process.execPath;
const program = path.join(__dirname, '..', '..', 'lib', 'worker-main.js');
const script = path.join(__dirname, 'good-worker.js');
const init = {
  workerData: undefined,
  name: undefined,
  serializer: 'structured',
  builtIn: true,
  timeouts: { message: 0, types: {} },
};

/** Speaks to the worker over its socket. */
class HostPeer extends SocketPeer {
  /** Greet and wait for the worker's HELLO. */
  async greet(fields) {
    this.write(hello({ role: ROLE.host, ...fields }));
    await this.nextOf(TYPE.HELLO);
  }

  /** The whole start. */
  async start() {
    await this.greet();
    this.write(frame(TYPE.INIT, { flags: 1 }, structured(init)));
    await this.nextOf(TYPE.READY);
  }
}

/**
 * Start a worker without a host.
 * @param {number[]} [segments] descriptors of the page and both rings, which it inherits
 */
function startAlone(segments = []) {
  const fds = [3, ...segments.map((_, i) => 4 + i)];
  const config = {
    fds,
    spin: 0,
    maxMessageBytes: 64 * 1024 * 1024,
    highWaterMark: { messages: 65_536, bytes: 1024 * 1024 },
    addon: native.file,
  };
  const child = spawn(execPath, [program, script], {
    env: { ...process.env, HAWSER_WORKER: JSON.stringify(config) },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', ...segments],
  });
  return { child, ended: endOf(child), host: peerOf(child.stdio[3]) };
}

function endOf(child) {
  let text = '';
  child.stderr.on('data', (bytes) => (text += bytes));
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, text }));
  });
}

/** The first byte of the worker is not a frame's. */
function peerOf(socket) {
  const peer = new HostPeer(socket);
  const { push } = peer.reader;
  peer.firstByte = undefined;
  peer.reader.push = (bytes) => {
    peer.firstByte ??= String.fromCharCode(bytes[0]);
    peer.reader.push = push;
    push.call(peer.reader, bytes.subarray(1));
  };
  return peer;
}

module.exports = { startAlone };
