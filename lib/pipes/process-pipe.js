'use strict';

const { spawnError } = require('../end-errors');
const { HawserError, WorkerClosedError, WorkerCrashedError } = require('../errors');
const { Pipe } = require('../pipe');
const { framingOf } = require('./foreign-framing');
const { NOTHING } = require('./nothing');

const PIECE = 256 * 1024; // of what goes to stdin at a time, characters or bytes

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */
/** @typedef {import('../worker-process').WorkerProcess} WorkerProcess */
/** @typedef {(error?: Error | null) => void} Callback */
/**
 * @typedef {object} About
 * @property {string} name
 * @property {WorkerProcess} program the child, until it is gone
 * @property {any} [cwd]
 * @property {any} [killSignal] the first that it gets from destroy()
 */

/**
 * A pipe over the stdin and stdout of a program, which it owns: its end is the pipe's. It ends well,
 * or with one error, once what the program wrote has been read.
 */
class ProcessPipe extends Pipe {
  #child;
  #stdin;
  #stdout;
  #about;
  /** @type {any} null in byte mode */
  #framing;
  /** @type {Callback | null} of a write that the program did not take; told at the end */
  #untaken = null;
  /** @type {Error | null} what stands in the output that has no value */
  #fault = null;
  #isOutputOver = false; // stdout has ended and everything has been pushed
  #isStdoutOver = false;
  #isEnded = false; // the end was pushed
  #isExitKnown = false;
  /** @type {Error | null} for when the last has been read */
  #failure = null;
  #trouble; // what the child raised while it ran, such as the abort of a signal of its own

  /**
   * @param {ChildProcess} child whose stdin and stdout are pipes
   * @param {About} about
   * @param {import('../pipe-options').PipeOptions} options
   */
  constructor(child, about, options) {
    super(about.name, options);
    this.#child = child;
    this.#stdin = /** @type {import('node:stream').Writable} */ (child.stdin);
    this.#stdout = /** @type {import('node:stream').Readable} */ (child.stdout);
    this.#about = about;
    this.#framing = options.objectMode ? framingOf(options.serializer) : null;
    this.#listen();
    this.heed(options.signal);
  }

  #listen() {
    const stdout = this.#stdout;
    this.#child.on('error', (error) => (this.#trouble ??= error));
    this.#stdin.on('error', () => {}); // the write that it is about is told
    stdout.on('data', (chunk) => this.#take(chunk));
    stdout.on('end', () => this.#endOutput());
    stdout.on('error', (error) => this.destroy(error));
    stdout.on('close', () => this.#onStdoutClose());
    if (stdout.readableEnded || stdout.destroyed) this.#endOutput();
    this.#about.program.exited.then(() => {
      this.#isExitKnown = true;
      this.#settle();
    });
  }

  #onStdoutClose() {
    const isCut = !this.#isStdoutOver && this.#child.pid !== undefined;
    if (isCut) this.destroy(); // by somebody else
  }

  /** @param {Buffer} chunk */
  #take(chunk) {
    if (this.#framing === null) {
      if (!this.push(chunk)) this.#stdout.pause();
      return;
    }
    if (this.#fault !== null) return;
    this.#framing.feed(chunk);
    if (!this.#deliver()) this.#stdout.pause();
  }

  /** @returns {boolean} whether there is room for more */
  #deliver() {
    for (let value = this.#next(); value !== NOTHING; value = this.#next()) {
      if (!this.push(value)) return false;
    }
    return this.#fault === null;
  }

  #next() {
    if (this.#fault !== null || this.destroyed) return NOTHING;
    try {
      return this.#framing.next();
    } catch (error) {
      this.#fault = error;
      this.#settle();
      return NOTHING;
    }
  }

  #endOutput() {
    this.#isStdoutOver = true;
    this.#framing?.finish();
    this.#endIfDelivered();
  }

  #endIfDelivered() {
    if (this.#framing !== null && !this.#deliver() && this.#fault === null) return;
    this.#isOutputOver = true;
    this.#settle();
  }

  _read() {
    if (this.#isOutputOver) return;
    if (this.#isStdoutOver) this.#endIfDelivered();
    else if (this.#framing === null || this.#deliver()) this.#stdout.resume();
  }

  /** @param {number} [size] */
  read(size) {
    const chunk = super.read(size);
    if (this.#failure !== null) this.#settle();
    return chunk;
  }

  /** Once it is known how all of this ends, and whenever more of the output has been read. */
  #settle() {
    if (this.destroyed) return;
    this.#failure ??= this.#findFailure();
    if (this.#failure !== null) this.#failWhenRead(this.#failure);
    else if (this.#isExitKnown && this.#isOutputOver && !this.#isEnded) {
      this.#isEnded = true;
      this.push(null);
    }
  }

  #failWhenRead(failure) {
    if (this.readableLength === 0 || this.#isStuck()) this.destroy(failure);
  }

  /** @returns {Error | null} null: none, or not yet */
  #findFailure() {
    const { exit } = this.#about.program;
    if (this.#fault !== null && !this.#isStdoutOver) return this.#fault;
    if (!this.#isExitKnown || exit === null) return null;
    if (this.#child.pid === undefined) return this.#startFailure(exit);
    if (!this.#isOutputOver && !this.#isStuck()) return null;
    if (exit.code !== 0) return this.#exitFailure(exit);
    if (this.#fault !== null) return this.#fault;
    return this.#untaken === null ? null : this.#brokenPipe();
  }

  /** It is gone, somebody waits for it to take a write, and nobody reads what it left. */
  #isStuck() {
    return this.#untaken !== null && this.readableFlowing === null;
  }

  /** @param {import('../worker-process').Exit} exit */
  #startFailure({ code, error }) {
    return spawnError(error ?? new Error(`spawn failed with ${code}`), { cwd: this.#about.cwd });
  }

  #exitFailure({ code, signal }) {
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    return new WorkerCrashedError(`Worker process '${this.name}' ended with ${how}`, {
      reason: { type: 'exit', code, signal },
      exitCode: code,
      signal,
      stderrTail: this.#about.program.tail,
      ...(this.#trouble === undefined ? {} : { cause: this.#trouble }),
    });
  }

  #brokenPipe() {
    return new HawserError(
      `'${this.name}' ended well, but did not take all that was written (EPIPE)`,
      { code: 'EPIPE', syscall: 'write', stderrTail: this.#about.program.tail },
    );
  }

  /** @param {any} chunk @param {string} _encoding @param {Callback} callback */
  _write(chunk, _encoding, callback) {
    if (this.#framing === null) this.#send(chunk, callback);
    else this.#sendFrom([{ chunk }], 0, callback);
  }

  /** @param {{ chunk: any }[]} chunks @param {Callback} callback */
  _writev(chunks, callback) {
    if (this.#framing !== null) this.#sendFrom(chunks, 0, callback);
    else this.#sendBytes(chunks, callback);
  }

  /** As one write of the system, without a copy. */
  #sendBytes(chunks, callback) {
    const stdin = this.#stdin;
    const last = chunks.length - 1;
    stdin.cork();
    for (let i = 0; i < last; i++) stdin.write(chunks[i].chunk);
    this.#send(chunks[last].chunk, callback);
    stdin.uncork();
  }

  /** In pieces, so that a long queue of large values is not made text all at once. */
  #sendFrom(chunks, from, callback) {
    /** @type {any[]} */
    const frames = [];
    let [next, size] = [from, 0];
    try {
      for (; next < chunks.length && size < PIECE; next++) {
        const frame = this.#framing.frame(chunks[next].chunk);
        frames.push(frame);
        size += frame.length;
      }
    } catch (error) {
      callback(error);
      return;
    }
    const isLast = next === chunks.length;
    const go = (error) => (error ? callback(error) : this.#sendFrom(chunks, next, callback));
    this.#send(this.#framing.join(frames), isLast ? callback : go);
  }

  /** The callback is called when the system has taken it; else it waits for the end, which says why. */
  #send(data, callback) {
    const stdin = this.#stdin;
    stdin.write(data, (error) => {
      const isTaken = !error && !stdin.destroyed;
      if (isTaken) callback();
      else if (this.destroyed) callback(this.#ended());
      else {
        this.#untaken = callback;
        this.#settle();
      }
    });
  }

  #ended() {
    return this.errored ?? new WorkerClosedError(`Worker pipe '${this.name}' was destroyed`);
  }

  /** @param {Callback} callback */
  _final(callback) {
    // Where it is closed already nothing is lost, and a stream that is destroyed calls nobody.
    if (this.#stdin.destroyed) callback();
    else this.#stdin.end(() => callback());
  }

  /** @param {Error | null} error @param {Callback} callback when the program is gone */
  _destroy(error, callback) {
    const { program, killSignal } = this.#about;
    const gone = program.killInSteps(killSignal);
    this.#stdin.destroy();
    this.#stdout.destroy();
    gone.then(() => {
      this.#child.stderr?.destroy();
      this.#untaken?.(this.#ended());
      callback(error);
    });
  }
}

module.exports = { ProcessPipe };
