import type { ChildProcess, SpawnOptions } from 'node:child_process';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Duplex, Readable, Writable } from 'node:stream';
import type { ConnectionOptions, TlsOptions } from 'node:tls';
import type { MessagePort, Worker } from 'node:worker_threads';
import type { Pipe, PipeAdapter, PipeOptions } from './index.js';

export type { Pipe, PipeAdapter, PipeOptions };

/** As spawn takes them; with pty as node-pty does. */
export interface ProcessPipeOptions extends SpawnOptions {
  /** In a terminal of its own, by node-pty. Default false. */
  pty?: boolean;
  /** Of the terminal. */
  cols?: number;
  rows?: number;
}

/** The stdio of a program in any language, started here or handed over. */
export class ProcessPipeAdapter implements PipeAdapter {
  constructor(command: string, args?: string[], options?: ProcessPipeOptions);
  /** The pipe owns the child from then on: destroy() kills it. */
  constructor(child: ChildProcess);
  /** Once. */
  createDuplex(options?: PipeOptions): Pipe;
  readonly process: ChildProcess;
}

/**
 * To a server at a TCP port (createPipeServer). Beyond this machine it takes TLS and a token: without
 * them UnsupportedError says what is missing.
 */
export class TCPPipeAdapter implements PipeAdapter {
  /** host: default '127.0.0.1'. tls: options of tls.connect. token: 1 to 1,024 bytes. */
  constructor(target: { host?: string; port: number; tls?: ConnectionOptions; token?: string });
  /** A socket, or a tls.TLSSocket, that the pipe has to itself: for one pipe. */
  constructor(socket: Socket, options?: { token?: string });
  /** At once; a connection that fails, or is not open within 10_000 ms, destroys it with the error. */
  createDuplex(options?: PipeOptions): Pipe;
}

/** To a server at a socket file (createPipeServer). */
export class UnixPipeAdapter implements PipeAdapter {
  /** A path; or a byte stream, such as a net.Socket, whose other end is one: for one pipe. */
  constructor(target: string | Duplex);
  /** As of TCPPipeAdapter. */
  createDuplex(options?: PipeOptions): Pipe;
}

/** Not available yet: the constructor throws UnsupportedError. */
export class WebSocketPipeAdapter implements PipeAdapter {
  constructor(url: string | URL | object);
  createDuplex(options?: PipeOptions): Pipe;
}

/** One end of a MessageChannel, parentPort, or a Worker: it carries one pipe, and becomes its own. */
export class WorkerPipeAdapter implements PipeAdapter {
  constructor(port: MessagePort | Worker);
  /** Throws UnsupportedError where the port carries a pipe already. */
  createDuplex(options?: PipeOptions): Pipe;
}

export interface PipeServerOptions extends PipeOptions {
  /** Connections that did not become a pipe, and errors of pipes that nobody listens to. Default: dropped. */
  onError?: (error: Error) => void;
}
export interface PipeServer {
  /** The path of the socket file, or address, port and family. */
  address(): string | AddressInfo | null;
  /** Accepts nobody any more; resolves when its pipes are closed, too. Open pipes live on. */
  close(): Promise<void>;
}
/**
 * The listening side of UnixPipeAdapter and TCPPipeAdapter: one pipe per connection. The objectMode of who
 * connects counts; highWaterMark holds for pipes of the objectMode given here.
 */
export function createPipeServer(
  options: PipeServerOptions &
    (
      | { path: string }
      | {
          /** Default '127.0.0.1'; beyond this machine with tls and token only. */
          host?: string;
          /** 0: any that is free. */
          port: number;
          /** Options of tls.createServer. */
          tls?: TlsOptions;
          /** That the other end must show: 1 to 1,024 bytes. */
          token?: string;
        }
      /** That listens: a tls.Server too. It stays the caller's, also at close(). */
      | { server: Server; token?: string }
    ),
  /** One that throws or rejects destroys its pipe with that error. */
  onPipe: (pipe: Pipe) => unknown,
): Promise<PipeServer>;

/** Two ends in this thread that are connected to each other; same protocol, same behaviour. */
export function createPipePair(options?: PipeOptions): [Pipe, Pipe];

/** pipeline(source, destination) of node:stream/promises. */
export function connect(source: Readable, destination: Writable): Promise<void>;
