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
  const config = {
    addon: native.file,
    fds,
    spin: options.spin,
    maxMessageBytes: options.maxMessageBytes,
    highWaterMark: options.highWaterMark,
  };
  const args = [...options.execArgv, WORKER_MAIN, options.script, ...options.argv];
  try {
    return spawn(options.execPath, args, {
      cwd: options.cwd,
      env: { ...options.env, [CONFIG]: JSON.stringify(config) },
      stdio: [...STDIO[options.stdio], ...link.fds],
    });
  } finally {
    native.closeWorkerEnd(link);
  }
}

module.exports = { makeLink, spawnWorker, CONFIG };
