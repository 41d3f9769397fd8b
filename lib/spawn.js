'use strict';

const { spawn } = require('node:child_process');
const path = require('node:path');
const native = require('./binding');
const { UnsupportedError } = require('./errors');

const WORKER_MAIN = path.join(__dirname, 'worker-main.js');
const CONFIG = 'HAWSER_WORKER';
const FIRST_FD = 3;
const STDIO = {
  default: ['ignore', 'inherit', 'pipe'],
  inherit: ['inherit', 'inherit', 'inherit'],
  pipe: ['ignore', 'pipe', 'pipe'],
  ignore: ['ignore', 'ignore', 'ignore'],
};

/** Socket pair and, where wanted and possible, shared segments. */
function makeLink(transport) {
  const link = native.createLink(transport === 'socket' ? 0 : native.ringBytes);
  if (transport === 'shm' && link.fds.length === 1) {
    native.closeWorkerEnd(link);
    throw new UnsupportedError(`transport 'shm' is not available: ${link.reason}`);
  }
  return link;
}

/** Start the process; it inherits its end of the link. */
function spawnWorker(options, link) {
  const fds = link.fds.map((fd, i) => FIRST_FD + i);
  try {
    return start(options, { fds }, link.fds);
  } finally {
    native.closeWorkerEnd(link);
  }
}

/**
 * Start a process that listens at options.socketPath. On its lifeline, stdio[FIRST_FD], it says so,
 * and hears of our end.
 * @param {any} options normalized
 * @param {Buffer} token of its first host
 */
function spawnListening(options, token) {
  const { socketPath, detached } = options;
  const listen = { socketPath, detached, token: token.toString('hex'), lifeline: FIRST_FD };
  return start(options, { listen }, ['pipe']);
}

function start(options, join, descriptors) {
  const config = {
    addon: native.file,
    ...join,
    spin: options.spin,
    maxMessageBytes: options.maxMessageBytes,
    highWaterMark: options.highWaterMark,
  };
  const [file, args] = commandOf(options);
  return spawn(file, args, {
    cwd: options.cwd,
    env: { ...options.env, [CONFIG]: JSON.stringify(config) },
    stdio: [...stdioOf(options), ...descriptors],
    detached: options.detached,
  });
}

/** @returns {[string, string[]]} the program to start, and its arguments */
function commandOf({ driver, script, argv, execPath, execArgv }) {
  if (driver === 'native') return [script, argv];
  return [execPath, [...execArgv, WORKER_MAIN, script, ...argv]];
}

/** One that outlives us keeps nothing of ours open, such as a pipe whose end somebody waits for. */
function stdioOf({ stdio, detached }) {
  return stdio === 'default' && detached ? ['ignore', 'ignore', 'pipe'] : STDIO[stdio];
}

module.exports = { makeLink, spawnWorker, spawnListening, FIRST_FD, CONFIG };
