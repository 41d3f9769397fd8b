'use strict';

const { fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const Pending = require('./pending.js');

const PEER = path.join(__dirname, '../peers/byte-child.js');

/**
 * Bytes to another Node process over a local socket, or into its stdin; what is asked goes apart, over
 * the IPC channel.
 * @param {{ over: 'net' | 'stdio' }} options
 */
module.exports = async function create({ over }) {
  const { child, stream } = over === 'net' ? await overSocket() : overStdin();
  const pending = new Pending();
  child.on('message', (answer) => pending.settle(answer));
  const ask = ({ id, type, value }) => child.send({ id, type, value });

  return {
    pid: child.pid,
    call: (value, type = 'echo') => pending.call(value, type, ask),
    post: (chunk) => stream.write(chunk),
    drained: () => once(stream, 'drain'),
    stats: () => ({ transport: over }),
    async close() {
      const exited = once(child, 'exit');
      stream.destroy();
      child.kill();
      await exited;
    },
  };
};

function overStdin() {
  const child = fork(PEER, [], { stdio: ['pipe', 'inherit', 'inherit', 'ipc'] });
  return { child, stream: child.stdin };
}

async function overSocket() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-bench-'));
  const address = path.join(folder, 'socket');
  const server = net.createServer().listen(address);
  await once(server, 'listening');
  const child = fork(PEER, [address]);
  const [stream] = await once(server, 'connection');
  server.close();
  fs.rmSync(folder, { recursive: true, force: true });
  return { child, stream };
}
