'use strict';

/** What the two ends of a named socket must agree on: its path, and the token beside it. */

const fs = require('node:fs');
const path = require('node:path');
const { inspect } = require('node:util');
const native = require('./binding');
const { UnsupportedError } = require('./errors');

const TOKEN_BYTES = 32;
const NO_TOKEN = Buffer.alloc(TOKEN_BYTES);
const OTHERS = 0o077;
/** What is not a file, as a FIFO of somebody else, must not make us wait. */
const READ_OWN = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

/** What went wrong, where the name of an error alone does not tell what to do about it. */
const REASONS = {
  EADDRINUSE: 'it is in use, or was not made by a worker of this user',
  EPERM: 'others own its folder or can change it: it needs a folder of mode 0700',
  ENOENT: 'there is no such file, or no folder above its folder',
  ECONNREFUSED: 'nobody listens there',
  HWR_EUSER: 'the other end runs as another user',
};

/**
 * @param {unknown} given path of the socket file
 * @param {string} [name] of the option
 * @returns {string} absolute, otherwise as it was
 * @throws {TypeError | RangeError | UnsupportedError} that names the option
 */
function socketPathOf(given, name = 'socketPath') {
  if (typeof given !== 'string' || given === '' || given.includes('\0') || given.endsWith('/')) {
    const got = inspect(given, { depth: 0 });
    throw new TypeError(`option '${name}' must be the path of a file, got ${got}`);
  }
  // @ts-ignore newer than the types
  if (!given.isWellFormed()) throw new TypeError(`option '${name}' must be well-formed text`);
  if (native.maxSocketPath === 0)
    throw new UnsupportedError(`option '${name}' is not available on this system`);
  // Not resolved: behind a link '..' is another folder than its text says.
  const whole = path.isAbsolute(given) ? given : `${process.cwd()}/${given}`;
  const bytes = Buffer.byteLength(whole);
  if (bytes <= native.maxSocketPath) return whole;
  const text = `of ${bytes} bytes is too long: sockets have names of at most ${native.maxSocketPath}`;
  throw new RangeError(`option '${name}' ${text} (${whole})`);
}

/** @param {any} cause what listen or connectLink threw @param {string} socketPath @param {string} [name] of the option @returns {Error} */
function socketError(cause, socketPath, name = 'socketPath') {
  const why = REASONS[cause.code] ?? cause.message;
  const error = new Error(`${name} ${socketPath}: ${why}`, { cause });
  return Object.assign(error, { code: cause.code });
}

/** A secret of TOKEN_BYTES. @returns {Buffer} */
function makeToken() {
  return Buffer.concat([native.uuid(), native.uuid()]);
}

const tokenFile = (socketPath) => `${socketPath}.token`;

/** For the next host, whoever of this user that is (P3.16). */
function writeToken(socketPath, token) {
  const name = tokenFile(socketPath);
  const own = `${name}.${process.pid}`;
  fs.rmSync(own, { force: true });
  const fd = fs.openSync(own, 'wx', 0o600);
  try {
    fs.fchmodSync(fd, 0o600); // whatever the umask
    fs.writeSync(fd, token.toString('hex'));
  } finally {
    fs.closeSync(fd);
  }
  fs.renameSync(own, name);
}

function removeToken(socketPath) {
  fs.rmSync(tokenFile(socketPath), { force: true });
}

/** @returns {Buffer} what a worker left there for its next host; zeros where there is none of ours */
function readToken(socketPath) {
  let fd;
  try {
    fd = fs.openSync(tokenFile(socketPath), READ_OWN);
    const about = fs.fstatSync(fd);
    if (about.uid !== process.geteuid?.() || (about.mode & OTHERS) !== 0) return NO_TOKEN;
    if (!about.isFile()) return NO_TOKEN;
    const token = Buffer.from(fs.readFileSync(fd, 'latin1'), 'hex');
    return token.length === TOKEN_BYTES ? token : NO_TOKEN;
  } catch {
    return NO_TOKEN;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

/** Which file it is now, as `id` of listen() says it; undefined where there is none. */
function socketId(socketPath) {
  try {
    const { dev, ino } = fs.lstatSync(socketPath, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/** What a worker left that could not leave in good order, unless another one has its place. */
function removeRemains(socketPath, id) {
  if (native.removeSocket(socketPath, id)) removeToken(socketPath);
}

module.exports = {
  socketPathOf,
  socketError,
  makeToken,
  writeToken,
  removeToken,
  readToken,
  socketId,
  removeRemains,
};
