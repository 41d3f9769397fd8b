import type { ChildProcess, SpawnOptions } from 'node:child_process';
import type { Duplex } from 'node:stream';
import type { Serializer } from './index.js';

export interface PipeOptions {
  /** Values instead of bytes. Default false. */
  objectMode?: boolean;
  /** In flight and not read: items (default 1024) or bytes (default 256 KiB). */
  highWaterMark?: number;
  /** Its abort destroys the pipe. */
  signal?: AbortSignal;
  /** Object mode over the stdio of a program: how a value becomes bytes. Default 'json': a line each. */
  serializer?: 'json' | Serializer;
}
/** write() is answered when there is room, end() ends one direction, destroy() both. */
export interface Pipe extends Duplex {
  readonly name: string;
}
export interface PipeAdapter {
  createDuplex(options?: PipeOptions): Pipe;
}
/** The stdio of a program in any language, started here or handed over. */
export class ProcessPipeAdapter implements PipeAdapter {
  /** @param options as spawn takes them; pty: in a terminal of its own, by node-pty. Default false. */
  constructor(command: string, args?: string[], options?: SpawnOptions & { pty?: boolean });
  /** The pipe owns the child from then on: destroy() kills it. */
  constructor(child: ChildProcess);
  /** Once. */
  createDuplex(options?: PipeOptions): Pipe;
  readonly process: ChildProcess;
}
