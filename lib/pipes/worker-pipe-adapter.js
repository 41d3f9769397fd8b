'use strict';

const { inspect } = require('node:util');
const { UnsupportedError } = require('../errors');
const { pipeOptions } = require('../pipe-options');
const { WorkerPortPipe } = require('./worker-port-pipe');

const NEEDED = ['postMessage', 'on', 'removeListener'];

/** Ports that carry a pipe: a second one would take the first one's messages. */
const taken = new WeakSet();

/** Makes a pipe of a MessagePort. */
class WorkerPipeAdapter {
  #port;

  /**
   * @param {import('node:worker_threads').MessagePort | import('node:worker_threads').Worker} port
   *   one end of a MessageChannel, parentPort, or a Worker; it becomes the pipe's own
   * @throws {TypeError} for anything else
   */
  constructor(port) {
    const /** @type {any} */ given = port;
    if (!NEEDED.every((name) => typeof given?.[name] === 'function'))
      throw new TypeError(`port must be a MessagePort, got ${inspect(port, { depth: 0 })}`);
    this.#port = port;
  }

  /**
   * The pipe of this port; a port carries one. The port is closed with it, and keeps the process
   * alive until then.
   * @param {{ objectMode?: boolean, highWaterMark?: number, signal?: AbortSignal }} [options]
   *   objectMode: values, cloned, instead of bytes, default false; highWaterMark: items, default
   *   1024, or bytes, default 256 KiB, that may be in flight and unread; signal: its abort destroys
   *   the pipe
   * @returns {import('../pipe').Pipe}
   * @throws {TypeError | RangeError} for an option that is wrong
   * @throws {UnsupportedError} where the port carries a pipe already
   */
  createDuplex(options) {
    const checked = pipeOptions(options);
    if (taken.has(this.#port)) throw new UnsupportedError('this port carries a pipe already');
    taken.add(this.#port);
    return new WorkerPortPipe(this.#port, checked);
  }
}

module.exports = { WorkerPipeAdapter };
