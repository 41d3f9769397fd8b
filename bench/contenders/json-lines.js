'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const Pending = require('./pending.js');
const { pack, unpack } = require('../peers/base64.js');
const { onLine, toLine } = require('../peers/line-codec.js');

const PEER = path.join(__dirname, '../peers/json-lines.js');

/** JSON lines over a local socket to a child process. */
module.exports = async function create() {
  const { child, socket } = await start();
  const pending = new Pending();
  const transmit = (message) => socket.write(toLine(pack(message)));
  onLine(socket, (answer) => pending.settle(unpack(answer)));

  return {
    pid: child.pid,
    call: (value, type) => pending.call(value, type, transmit),
    post: (value, type = 'count') => transmit({ type, value }),
    drained: () => once(socket, 'drain'),
    stats: () => ({ transport: 'socket' }),
    async close() {
      const exited = once(child, 'exit');
      socket.destroy();
      child.kill();
      await exited;
    },
  };
};

async function start() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-bench-'));
  const address =
    process.platform === 'win32'
      ? `\\\\.\\pipe\\${path.basename(folder)}`
      : path.join(folder, 'socket');
  const server = net.createServer().listen(address);
  await once(server, 'listening');
  const child = spawn(process.execPath, [PEER, address], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [socket] = await once(server, 'connection');
  server.close();
  fs.rmSync(folder, { recursive: true, force: true });
  return { child, socket };
}
