'use strict';

const { spawn } = require('node:child_process');
const { inspect } = require('node:util');
const { spawnError } = require('../end-errors');
const { foreignPipeOptions } = require('../pipe-options');
const { wrong } = require('../options');
const { WorkerProcess } = require('../worker-process');
const { ProcessPipe } = require('./process-pipe');

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

const PIPED = [undefined, null, 'pipe', 'overlapped'];

/** Children that have their pipe: a second one would read what is the first one's. */
const taken = new WeakSet();

/** A pipe over the stdio of a program in any language, started here or handed over. */
class ProcessPipeAdapter {
  #child;
  #stdout;
  #about;
  /** @type {ProcessPipe | null} */
  #pipe = null;
  #hold = () => {}; // keeps Node from pouring away what nobody reads yet when the program exits

  /**
   * @param {string | ChildProcess} command to be started, or a child whose stdin and stdout are pipes:
   *   the pipe owns it from then on
   * @param {string[]} [args] default: none
   * @param {import('node:child_process').SpawnOptions & { pty?: boolean }} [options] as spawn takes
   *   them; pty, default false: in a terminal of its own, by node-pty
   * @throws {TypeError} on anything else
   * @throws {import('../errors').UnsupportedError} where pty is true and node-pty is not installed
   */
  constructor(command, args = [], options = {}) {
    const isGiven = typeof command !== 'string';
    this.#child = isGiven ? checkedChild(command) : start(command, args, options);
    taken.add(this.#child);
    this.#stdout = /** @type {import('node:stream').Readable} */ (this.#child.stdout);
    const program = new WorkerProcess(this.#child, {
      stderr: 'keep',
      onExit() {},
      wantsTail: () => this.#pipe?.destroyed !== true,
    });
    this.#about = isGiven
      ? { name: nameOf(command), program }
      : { name: command, program, cwd: options.cwd, killSignal: options.killSignal };
    this.#stdout.on('readable', this.#hold);
  }

  /** The program. Its stdin and stdout are the pipe's. */
  get process() {
    return this.#child;
  }

  /**
   * The pipe, once.
   * @param {object} [options] PipeOptions; serializer, in object mode: 'json' (lines) or a Serializer
   * @returns {ProcessPipe}
   * @throws {TypeError | RangeError | import('../errors').UnsupportedError}
   */
  createDuplex(options) {
    if (this.#pipe !== null)
      throw new TypeError(`the stdio of '${this.#about.name}' has its pipe already`);
    this.#pipe = new ProcessPipe(this.#child, this.#about, foreignPipeOptions(options));
    this.#stdout.off('readable', this.#hold);
    return this.#pipe;
  }
}

/** @returns {ChildProcess} */
function start(command, args, options) {
  if (command === '') throw new TypeError('command must be a program or a ChildProcess, got ""');
  if (!Array.isArray(args))
    throw new TypeError(`args must be an array of strings, got ${inspect(args, { depth: 0 })}`);
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`options must be an object, got ${inspect(options, { depth: 0 })}`);
  const { pty = false, ...rest } = options;
  if (typeof pty !== 'boolean') throw wrong('pty', 'a boolean', pty);
  if (pty) return require('./pty-process').startInPty(command, args, rest);
  checkStdio(rest.stdio);
  return started(command, args, rest);
}

function checkStdio(stdio) {
  const [stdin, stdout] = Array.isArray(stdio) ? stdio : [stdio, stdio];
  if (!PIPED.includes(stdin) || !PIPED.includes(stdout))
    throw wrong('stdio', "one whose stdin and stdout are 'pipe'", stdio);
}

/** @returns {ChildProcess} */
function started(command, args, options) {
  let child;
  try {
    child = spawn(command, args, options);
  } catch (error) {
    throw error.syscall === undefined ? error : spawnError(error);
  }
  if (child.stdin && child.stdout) return child;
  child.on('error', () => {}); // it is thrown here, for there is nothing to make a pipe of
  throw spawnError(new Error(`spawn ${command} got no pipes: too many files are open`));
}

/** @param {any} child @returns {ChildProcess} the same */
function checkedChild(child) {
  if (typeof child?.on !== 'function' || typeof child.kill !== 'function')
    throw new TypeError(
      `command must be a program or a ChildProcess, got ${inspect(child, { depth: 0 })}`,
    );
  for (const name of ['stdin', 'stdout']) {
    if (!child[name])
      throw new TypeError(`the child has no ${name}: start it with stdio 'pipe' there`);
  }
  if (taken.has(child)) throw new TypeError(`the stdio of '${nameOf(child)}' has its pipe already`);
  if (child.stdout.readableEncoding)
    throw new TypeError(
      `the stdout of the child has the encoding '${child.stdout.readableEncoding}': leave it bytes`,
    );
  return child;
}

function nameOf(child) {
  return typeof child.spawnfile === 'string' ? child.spawnfile : 'program';
}

module.exports = { ProcessPipeAdapter };
