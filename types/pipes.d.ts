import type { Duplex } from 'node:stream';
import type { MessagePort, Worker } from 'node:worker_threads';

export interface PipeOptions {
  /** Values instead of bytes. Default false. */
  objectMode?: boolean;
  /** What may be in flight and unread: items, default 1024, or bytes, default 262_144. */
  highWaterMark?: number;
  /** Its abort destroys the pipe. */
  signal?: AbortSignal;
}
/**
 * A real stream.Duplex: write() is answered when the other end has room, end() half-closes behind all
 * data, destroy(error) reaches the other end.
 */
export interface Pipe extends Duplex {
  readonly name: string;
}
export interface PipeAdapter {
  createDuplex(options?: PipeOptions): Pipe;
}

/** One end of a MessageChannel, parentPort, or a Worker: it carries one pipe, and becomes its own. */
export class WorkerPipeAdapter implements PipeAdapter {
  constructor(port: MessagePort | Worker);
  /** Throws UnsupportedError where the port carries a pipe already. */
  createDuplex(options?: PipeOptions): Pipe;
}
