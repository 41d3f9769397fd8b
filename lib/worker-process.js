'use strict';

const { once } = require('node:events');
const { setImmediate: turn } = require('node:timers/promises');
const { StderrTail } = require('./stderr-tail');

const KILL_GRACE = 1000; // from SIGTERM to SIGKILL
const STDERR_GRACE = 200; // for the last of stderr after the exit

/**
 * @typedef {object} Exit
 * @property {number | null} code
 * @property {string | null} signal
 * @property {any} [error] why the process could not be started at all
 */

/** A process that is ours, from its start until it is gone. Ended by its pid only. */
class WorkerProcess {
  #child;
  #listener;
  /** @type {StderrTail | null} */
  #stderr = null; // null where stderr is not piped
  /** @type {Exit | null} */
  exit = null;
  /** Resolves once the process is gone and the tail of its stderr is whole. @type {Promise<Exit>} */
  exited;

  /**
   * @param {import('node:child_process').ChildProcess} child
   * @param {object} listener
   * @param {'forward' | 'stream' | 'keep'} listener.stderr what becomes of it, beside its tail
   * @param {() => void} listener.onExit at once
   * @param {() => boolean} listener.wantsTail whether it is worth waiting for the last of stderr
   */
  constructor(child, listener) {
    this.#child = child;
    this.#listener = listener;
    if (child.stderr) this.#stderr = new StderrTail(child.stderr, listener.stderr);
    this.exited = new Promise((resolve) => {
      child.on('error', (error) => {
        const neverStarted = child.pid === undefined; // else it could only not be killed
        if (neverStarted) resolve(this.#end({ code: null, signal: null, error }));
      });
      child.once('exit', (code, signal) => resolve(this.#end({ code, signal })));
      const { exitCode, signalCode } = child; // of a child that had ended when it was handed over
      if (exitCode !== null || signalCode !== null)
        resolve(this.#end({ code: exitCode, signal: signalCode }));
    });
  }

  /** @param {Exit} exit */
  async #end(exit) {
    if (this.exit === null) {
      this.exit = exit;
      this.#listener.onExit();
      const ended = this.#stderrEnd();
      if (this.#listener.wantsTail()) await ended;
    }
    return this.exit;
  }

  /**
   * Errors are to have the whole tail; a grandchild may hold stderr open. It is heard as long as the
   * host lives, but is no reason for it to live.
   */
  async #stderrEnd() {
    const stderr = /** @type {import('node:net').Socket | null} */ (this.#child.stderr);
    if (!stderr || stderr.destroyed) return;
    this.#stderr?.readRest();
    const limit = AbortSignal.timeout(STDERR_GRACE);
    await once(stderr, 'close', { signal: limit }).catch(() => {
      if (this.#stderr?.stream === null) stderr.unref();
      return turn(); // which reads what is there
    });
  }

  /** @param {NodeJS.Signals} signal nothing happens when the process is gone */
  kill(signal) {
    if (this.exit === null) this.#child.kill(signal);
  }

  /**
   * A signal, and SIGKILL when that does not help. Resolves when the process is gone.
   * @param {NodeJS.Signals} [signal]
   */
  async killInSteps(signal = 'SIGTERM') {
    this.kill(signal);
    const timer = setTimeout(() => this.kill('SIGKILL'), KILL_GRACE);
    await this.exited;
    clearTimeout(timer);
  }

  /**
   * It is about to leave; if it does not, it is made to.
   * @param {() => void} onKill before that
   * @param {number} [grace] milliseconds
   */
  killLater(onKill, grace = KILL_GRACE) {
    const timer = setTimeout(() => {
      if (this.exit === null) onKill();
      this.kill('SIGKILL');
    }, grace);
    this.exited.then(() => clearTimeout(timer));
  }

  /** @param {boolean} ref whether the process and its pipes keep the loop alive */
  setRef(ref) {
    const verb = ref ? 'ref' : 'unref';
    this.#child[verb]();
    for (const pipe of [this.#child.stdout, this.#child.stderr]) {
      /** @type {import('node:net').Socket | null} */ (pipe)?.[verb]?.();
    }
  }

  /** Its last 4 KiB of stderr, or undefined where stderr is not piped. */
  get tail() {
    return this.#stderr?.toString();
  }

  get pid() {
    return this.exit === null ? this.#child.pid : undefined;
  }

  get stdout() {
    return this.#child.stdout;
  }

  get stderr() {
    return this.#stderr?.stream ?? null;
  }
}

module.exports = { WorkerProcess };
