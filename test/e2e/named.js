'use strict';

/** For the tests of named sockets: places for them, programs that listen, and hosts that knock by hand. */

const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');
const readline = require('node:readline');
const { connectWorker, createWorker } = require('hawser');
const { execPath, fixture } = require('./started');

/**
 * For the describe block in which it is called: what was started is ended after each test, and its
 * folder removed.
 */
function namedStarter() {
  const workers = [];
  const children = [];
  const folders = [];
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const folder of folders.splice(0)) {
      fs.chmodSync(folder, 0o700);
      fs.rmSync(folder, { recursive: true });
    }
  });

  const keep = (worker) => {
    workers.push(worker);
    worker.on('error', () => {});
    return worker;
  };
  /** The path of a socket that is not there yet. */
  const place = () => {
    const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-named-')));
    folders.push(folder);
    return path.join(folder, 'socket');
  };
  return {
    place,
    create: async (socketPath, options = {}) =>
      keep(await createWorker({ script: fixture('verbs.js'), execPath, ...options, socketPath })),
    connect: async (socketPath, options = {}) =>
      keep(await connectWorker({ ...options, socketPath })),
    /** workers/listens.js, when it has said the line, of what it is to listen with. */
    listen: async (socketPath, { line = 'listening', uid, ...options } = {}) => {
      const args = [fixture('listens.js'), JSON.stringify({ ...options, socketPath })];
      const child = spawn(execPath, args, { uid, stdio: ['ignore', 'pipe', 'pipe'] });
      children.push(child);
      const program = listenTo(child);
      await program.says(line);
      return program;
    },
  };
}

function listenTo(child) {
  const lines = [];
  const program = { child, lines, pid: child.pid, stderr: '', exit: exitOf(child) };
  child.stderr.setEncoding('utf8').on('data', (text) => (program.stderr += text));
  const reader = readline.createInterface({ input: child.stdout });
  reader.on('line', (text) => lines.push(JSON.parse(text)));
  /** Resolves when it has printed that line, or, for null, any line but onStart. */
  program.says = async (line) => {
    const isIt = (each) => (line === null ? each !== 'onStart' : each === line);
    while (!lines.some(isIt)) await once(reader, 'line');
    return lines.find(isIt);
  };
  return program;
}

async function exitOf(child) {
  const [code, signal] = await once(child, 'close');
  return { code, signal };
}

const NO_TOKEN = Buffer.alloc(32);

/** What a host sends first (P3.14). */
function knockOf(token = NO_TOKEN, segments = 0) {
  const knock = Buffer.alloc(40);
  knock.write('HWRK', 'latin1');
  knock.writeUInt32LE(segments, 4);
  token.copy(knock, 8);
  return knock;
}

/** The token that stands beside the socket. */
const tokenAt = (socketPath) => Buffer.from(fs.readFileSync(`${socketPath}.token`, 'utf8'), 'hex');

/**
 * A connection made by hand: `received` is what came, `ended` resolves when the worker has closed it.
 * @returns {Promise<net.Socket & { received: string, ended: Promise<string> }>}
 */
async function knockAt(socketPath, bytes = Buffer.alloc(0)) {
  const socket = /** @type {any} */ (net.connect({ path: socketPath, allowHalfOpen: true }));
  socket.received = '';
  socket.setEncoding('latin1').on('data', (text) => (socket.received += text));
  socket.on('error', () => {});
  socket.ended = new Promise((resolve) => {
    socket.on('end', () => resolve(socket.received)).on('close', () => resolve(socket.received));
  });
  await once(socket, 'connect');
  socket.write(bytes);
  return socket;
}

module.exports = { namedStarter, knockOf, knockAt, tokenAt };
