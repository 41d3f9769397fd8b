'use strict';

const { EventEmitter } = require('node:events');
const { constants } = require('node:os');
const { Readable, Writable } = require('node:stream');
const { UnsupportedError } = require('../errors');
const { spawnError } = require('../end-errors');

const END_OF_INPUT = 4; // Ctrl-D: at the beginning of a line; in one it only sends what there is
const NEWLINE = 10;
const PACKAGE = 'node-pty';

/** node-pty is no dependency: who wants terminals installs it. */
function nodePty() {
  try {
    return require(PACKAGE);
  } catch (cause) {
    throw new UnsupportedError("option 'pty' needs the package node-pty, which cannot be loaded", {
      cause,
    });
  }
}

/** @param {number | undefined} number @returns {string | null} */
function signalName(number) {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found === undefined ? null : found[0];
}

/** A program in a terminal of its own, in the shape of a ChildProcess. It has no stderr. */
class PtyProcess extends EventEmitter {
  #pty;
  #lastByte = NEWLINE; // that was written
  stderr = null;
  exitCode = null;
  /** @type {string | null} */
  signalCode = null;

  /** @param {string} command @param {any} pty of node-pty */
  constructor(command, pty) {
    super();
    this.#pty = pty;
    this.spawnfile = command;
    this.pid = pty.pid;
    this.stdin = new Writable({
      write: (chunk, _encoding, callback) => this.#write(chunk, callback),
      final: (callback) => this.#endInput(callback),
    });
    this.stdout = new Readable({
      read: () => pty.resume(),
      destroy(error, callback) {
        pty.resume(); // else it would never tell of the exit
        callback(error);
      },
    });
    pty.onData((data) => {
      if (!this.stdout.destroyed && !this.stdout.push(Buffer.from(data))) pty.pause();
    });
    pty.onExit(({ exitCode, signal }) => this.#onExit(exitCode, signalName(signal)));
  }

  /** node-pty does not say when it was taken. */
  #write(chunk, callback) {
    this.#lastByte = chunk[chunk.length - 1];
    this.#pty.write(chunk);
    callback();
  }

  #endInput(callback) {
    const keys = this.#lastByte === NEWLINE ? [END_OF_INPUT] : [END_OF_INPUT, END_OF_INPUT];
    this.#pty.write(Buffer.from(keys));
    callback();
  }

  #onExit(code, signal) {
    if (signal === null) this.exitCode = code;
    else this.signalCode = signal;
    this.stdin.destroy();
    this.stdout.push(null);
    this.emit('exit', this.exitCode, signal);
  }

  /** @param {string} [signal] @returns {boolean} */
  kill(signal) {
    if (this.exitCode !== null || this.signalCode !== null) return false;
    this.#pty.kill(signal);
    return true;
  }

  /** @param {number} columns @param {number} rows */
  resize(columns, rows) {
    this.#pty.resize(columns, rows);
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {object} options as node-pty takes them: cwd, env, cols, rows, name
 * @returns {any} in the shape of a ChildProcess
 * @throws {UnsupportedError | import('../errors').WorkerStartError}
 */
function startInPty(command, args, options) {
  const { spawn } = nodePty();
  try {
    return new PtyProcess(command, spawn(command, args, { ...options, encoding: null }));
  } catch (cause) {
    throw spawnError(cause);
  }
}

module.exports = { startInPty };
