'use strict';

/** Servers and pipes of a test, and processes at the other end. */

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { createPipeServer } = require('hawser/pipes');

const execPath = process.env.HAWSER_NODE || process.execPath;

/**
 * For the describe block in which it is called: what it gives away is closed after each test.
 * folder() is a new one; serve(options) a server with next(), its next pipe, and errors, what it was
 * told; run(name, ...args) a process of programs/<name> with its first line as `said`.
 */
function surroundings() {
  const endings = [];
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });

  function folder() {
    const made = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-pipes-'));
    endings.push(() => fs.rmSync(made, { recursive: true }));
    return made;
  }

  async function serve(options) {
    const pipes = [];
    const waiting = [];
    const errors = [];
    const onPipe = (pipe) => {
      endings.push(() => pipe.on('error', () => {}).destroy());
      if (waiting.length > 0) waiting.shift()(pipe);
      else pipes.push(pipe);
    };
    const onError = (error) => errors.push(error);
    const server = await createPipeServer({ onError, ...options }, onPipe);
    endings.push(() => void server.close());
    const next = () =>
      pipes.length > 0 ? Promise.resolve(pipes.shift()) : new Promise((got) => waiting.push(got));
    return { server, next, errors };
  }

  async function run(name, ...args) {
    const script = path.join(__dirname, 'programs', name);
    const child = spawn(execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    endings.push(() => child.kill('SIGKILL'));
    const [said] = await once(child.stdout.setEncoding('utf8'), 'data');
    return { child, said: said.trim() };
  }

  return { folder, serve, run, endings };
}

/** @param {any} pipe @returns {Promise<any>} the error that it is destroyed with */
async function failure(pipe) {
  pipe.on('error', () => {});
  if (!pipe.closed) await new Promise((resolve) => pipe.once('close', resolve));
  return pipe.errored;
}

/** All that comes, until the end or an error. @param {any} pipe */
async function gather(pipe) {
  const chunks = [];
  pipe.on('data', (chunk) => chunks.push(chunk));
  const errored = await failure(pipe);
  return { chunks, errored };
}

module.exports = { execPath, failure, gather, surroundings };
