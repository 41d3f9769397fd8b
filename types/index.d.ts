/**
 * hawser: workers in processes of their own, called through shared memory.
 * Units: milliseconds unless the name says otherwise; sizes in bytes.
 */
import type { EventEmitter } from 'node:events';
import type { Duplex, Readable } from 'node:stream';

/**
 * payload: what the caller sends; result: what the handler returns; item: what one that streams gives. A
 * payload that is an AsyncIterable arrives as a Readable.
 */
export type MessageDefs = Record<string, { payload?: any; result?: any; item?: any }>;
/** What every message has. */
export interface BaseMessage {
  tx: string;
  type: string;
}
export type DefineMessages<T extends MessageDefs> = T;
export type PayloadOf<M extends MessageDefs, K extends keyof M> = M[K]['payload'];
export type ResultOf<M extends MessageDefs, K extends keyof M> = M[K]['result'];
/** Messages of a module of handlers: createWorker<MessagesOf<typeof import('./worker.js')>>(...) */
export type MessagesOf<T> = {
  [K in keyof T]: T[K] extends (payload: infer P, ...rest: any[]) => infer R
    ? Answered<P, Awaited<R>>
    : never;
};
type Answered<P, R> = 0 extends 1 & R
  ? { payload: P; result: R; item: R }
  : R extends AsyncIterable<infer I>
    ? { payload: P; item: I }
    : { payload: P; result: R };

export interface HandlerContext {
  /** Aborts when the caller aborts, times out, or goes away, or the worker's time is over. Made when it is asked for. */
  readonly signal: AbortSignal;
  /** Transaction id, unique across hosts. */
  readonly tx: string;
  readonly type: string;
  /** Epoch milliseconds at which the caller gives up, or undefined. */
  readonly deadline?: number;
  /** What the caller gave as such. */
  readonly metadata?: Record<string, string>;
  /** Reaches the caller's onProgress; dropped when the call has settled, or the caller is far behind. */
  progress(value: unknown): void;
  /** Event to the host: worker.events.on(name, listener). False: accepted, wait for 'drain' of parent.events. */
  emit(name: string, data?: unknown): boolean;
}
/** An async generator, or whatever else gives an AsyncIterable, serves worker.stream(). */
export type Handler<P = any, R = any> = (
  payload: P,
  ctx: HandlerContext,
) => R | Promise<R> | AsyncIterable<R> | Promise<AsyncIterable<R>>;
export type Handlers<M extends MessageDefs> = {
  [K in keyof M]: Handler<M[K]['payload'], M[K] extends { item: infer I } ? I : M[K]['result']>;
};

/** A payload may be left out only where the contract has none, or lets it be undefined. */
export type SendArguments<P, O> = undefined extends P
  ? [payload?: P, options?: O]
  : [payload: P, options?: O];
export type PostArguments<P> = undefined extends P ? [payload?: P] : [payload: P];

/** Start a worker; resolves when it is ready. Rejects with WorkerStartError, TimeoutError (startup), HandshakeError. */
export function createWorker<M extends MessageDefs = any>(
  options: WorkerOptions<M>,
): Promise<Worker<M>>;
export function createWorker<M extends MessageDefs = any>(
  script: string | URL,
  options?: Partial<WorkerOptions<M>>,
): Promise<Worker<M>>;

/**
 * Join a worker that listens at a named socket. What concerns the start of a process does nothing.
 * Rejects with TimeoutError (connect, startup), HandshakeError (another host, token, user, serializer),
 * WorkerStartError.
 */
export function connectWorker<M extends MessageDefs = any>(
  options: Omit<WorkerOptions<M>, 'script'> & { socketPath: string },
): Promise<Worker<M>>;

/** Of one type of calls; attempts: extra tries after the first, default 1. */
export interface CrashStrategy {
  strategy: 'reject' | 'retry';
  attempts?: number;
}

export interface WorkerOptions<M extends MessageDefs = any> {
  /** Module to run, relative to cwd. Exactly one of the three names, else a TypeError. */
  script?: string | URL;
  workerScript?: string | URL;
  filename?: string | URL;
  /** 'process' (default). Others reject with ERR_HAWSER_UNSUPPORTED in this version. */
  driver?: 'process' | 'thread' | 'native' | 'inline';
  /** 'auto' (default): shared memory where both ends can, else the socket. See worker.transport. */
  transport?: 'auto' | 'shm' | 'socket';
  /**
   * The worker listens here, so that another host may find it (connectWorker); at most 107 bytes. Its
   * folder, made where it is missing, must be this user's and nobody else's to change.
   */
  socketPath?: string;
  /** The worker survives this process, and waits at its socketPath for another host. Default false. */
  detached?: boolean;
  /**
   * Attempts to connect to a worker that listens, default 5, and the milliseconds between them:
   * delay * 2^attempt + 0 to 100, at most maxDelay, or what a function says. Defaults 100, 5000. A start
   * of the worker costs no attempt.
   */
  connection?: {
    attempts?: number;
    delay?: number | ((attempt: number) => number);
    maxDelay?: number;
  };
  /** Any structured value; the worker's `workerData`. */
  workerData?: unknown;
  /** Default []. */
  argv?: string[];
  /** Default: the host's. */
  execArgv?: string[];
  /** Default: the running node. */
  execPath?: string;
  /** Replaces process.env. Default: the host's. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Title of the process. */
  name?: string;
  /** Default: stdout inherited, stderr forwarded with its last 4 KiB kept for errors. */
  stdio?: 'inherit' | 'pipe' | 'ignore';
  /** Default 'structured': exactly what structuredClone carries. */
  serializer?: 'structured' | 'json' | 'msgpack' | 'v8' | 'raw' | Serializer;
  /** One number for calls (it may raise startup and connect), or by phase and type; 0: none. Defaults: startup 10_000, connect 30_000, message 300_000. */
  timeout?:
    | number
    | ({ startup?: number; connect?: number; message?: number } & {
        [type: string]: number | undefined;
      });
  /** Of what waits to be sent. bytes: default 1 MiB. messages: default 65_536, and as many run in the worker at a time. */
  highWaterMark?: { messages?: number; bytes?: number };
  /** Default and most: 64 MiB. */
  maxMessageBytes?: number;
  /** Microseconds to stay awake for a likely answer; 'auto' (default): up to 50 when a core is free. */
  spin?: 'auto' | number;
  /** Sees, and may replace, each message; see Middleware. */
  middleware?: Middleware | Middleware[];
  /** The tx of a call, 1 to 255 bytes. Default: name of the session and number of the call. */
  txIdGenerator?: TransactionIdGenerator<M>;
  /** Default: stderr. */
  logger?: Logger;
  /** The least that is logged. Default 'error'. */
  logLevel?: LogLevel;
  /**
   * What becomes of calls in flight when the worker dies: 'reject' (default), or 'retry': the worker
   * is started again and they are sent to it, attempts times at most (default 1). Per type under
   * messages, or directly under the type's name.
   */
  unexpectedShutdown?:
    | {
        strategy?: 'reject' | 'retry';
        attempts?: number;
        messages?: { [K in keyof M]?: CrashStrategy };
      }
    | { [K in keyof M]?: CrashStrategy };
  /** Before SIGTERM. Default 5000. */
  shutdownTimeout?: number;
  /** Answers what the worker asks with parent.send() and parent.post(). */
  handlers?: Record<string, Handler>;
  /** Aborts the start, later terminates. */
  signal?: AbortSignal;
}

export interface SendOptions {
  /** When it aborts, the call rejects with its reason and the handler's `signal` aborts. */
  signal?: AbortSignal;
  /** What the handler tells with ctx.progress(), in order, before the answer. */
  onProgress?: (value: unknown) => void;
  /** Milliseconds; 0: none. Default: the worker's. */
  timeout?: number;
  /**
   * After an abort or a timeout: leave it to the handler (default), or replace the worker when the
   * handler has not ended within `grace`.
   */
  abort?: 'cooperative' | 'terminate';
  /** Milliseconds, of abort: 'terminate'. Default 1000. */
  grace?: number;
  /** The handler's ctx.metadata: trace context and the like. At most 64 keys, and 4096 bytes in all. */
  metadata?: Record<string, string>;
}

export interface Worker<M extends MessageDefs = any> extends EventEmitter {
  /** A payload that is an AsyncIterable or a Readable is sent item by item; it is left when the call settles. */
  send<K extends keyof M & string>(
    type: K,
    ...args: SendArguments<M[K]['payload'], SendOptions>
  ): Promise<M[K]['result']>;
  /**
   * One way. False: accepted, wait for 'drain'; past the hard cap it throws OverloadedError. No 'drain'
   * comes from a worker that has ended: who waits listens for 'exit', too.
   */
  post<K extends keyof M & string>(type: K, ...args: PostArguments<M[K]['payload']>): boolean;
  /**
   * The items of a handler that is an async generator, or gives an AsyncIterable or a Readable; behind
   * them its error, if it has failed. Leaving the loop, an abort and a timeout end the generator. It is
   * destroyed with what send() rejects with. At most 1,024 streams and pipes are open at a time.
   */
  stream<K extends keyof M & string>(
    type: K,
    ...args: SendArguments<M[K]['payload'], SendOptions>
  ): AsyncIterable<M[K]['item']> & Readable;
  /**
   * A Duplex to the worker, where onPipe gets the other end. Returned at once; refused by the worker, it
   * is destroyed with the error: UnknownTypeError where nobody serves pipes.
   * @param name 1 to 1024 bytes, without NUL
   */
  openPipe(name: string, options?: Omit<PipeOptions, 'serializer'>): Pipe;
  /** Add middleware; returns what removes it. */
  use(middleware: Middleware): () => void;
  /** Events that the worker emits, in the order they were sent, between the answers where they were emitted. */
  readonly events: EventEmitter;
  /** Event to the worker: parent.events.on(name, listener) there. False: accepted, wait for 'drain'. */
  notify(name: string, data?: unknown): boolean;
  /** Round-trip time in milliseconds. */
  ping(): Promise<number>;
  /** Finish what runs, run onShutdown, exit; then, after timeout (0: never), SIGTERM, then SIGKILL. Idempotent. */
  shutdown(options?: { timeout?: number }): Promise<void>;
  close(): Promise<void>;
  terminate(): Promise<void>;
  /**
   * Leave the worker at its socketPath to itself or to another host; calls in flight reject with
   * WorkerClosedError. Resolves when it has let go. Without a socketPath: ERR_HAWSER_UNSUPPORTED.
   */
  disconnect(): Promise<void>;
  /** Connect to it again. Rejects as connectWorker, and may be tried again then. */
  reconnect(): Promise<void>;
  /** What the worker opens with parent.openPipe(). Its name is pipe.name. */
  on(event: 'pipe', listener: (pipe: Pipe) => void): this;
  on(event: string | symbol, listener: (...args: any[]) => void): this;
  once(event: 'pipe', listener: (pipe: Pipe) => void): this;
  once(event: string | symbol, listener: (...args: any[]) => void): this;
  [Symbol.asyncDispose](): Promise<void>;
  ref(): this;
  unref(): this;
  readonly pid: number | undefined;
  readonly threadId: undefined;
  readonly state:
    | 'starting'
    | 'connecting'
    | 'ready'
    | 'restarting'
    | 'disconnected'
    | 'closing'
    | 'closed'
    | 'crashed';
  /** Until it closes or has crashed for good: also while it is disconnected or restarting. */
  readonly isActive: boolean;
  /** Whether there is a worker at the other end now. */
  readonly isConnected: boolean;
  readonly driver: string;
  readonly transport: 'shm' | 'socket';
  /** Of the process that there is, or was the last. */
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  stats(): WorkerStats;
  // events: 'state'(now, before) 'ready' 'restart'(attempt) 'exit'(code, signal) 'error'(err) 'drain' 'pipe'(pipe)
}

/** Numbers only; read without a native call. Once all calls have settled, sent are those that were answered and those that failed. */
export interface WorkerStats {
  /** Those that send() took: not of unknown types or wrong options, nor past the limits. */
  callsSent: number;
  callsInFlight: number;
  callsFailed: number;
  /** Messages that have not left this process. */
  queued: number;
  bytesSent: number;
  bytesReceived: number;
  messagesSent: number;
  messagesReceived: number;
  batchesReceived: number;
  doorbellsRung: number;
  spinHits: number;
  spinMisses: number;
  missedWakeups: number;
}

export {
  move,
  startWorkerServer,
  workerData,
  isWorker,
  parent,
  Parent,
  ServerOptions,
  Transferable,
  WorkerServer,
} from './worker.js';

export interface PipeOptions {
  /** Values instead of bytes. Default false. */
  objectMode?: boolean;
  /** What may be in flight and unread: items, default 1024, or bytes, default 262_144. */
  highWaterMark?: number;
  /** Its abort destroys the pipe. */
  signal?: AbortSignal;
  /** Object mode over the stdio of a program: how a value becomes bytes. Default 'json': a line each. */
  serializer?: 'json' | Serializer;
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

export type MiddlewareDirection = 'send' | 'receive';
export interface MiddlewareContext {
  direction: MiddlewareDirection;
  kind: 'request' | 'response' | 'error' | 'event';
  type: string;
  /** The same on both sides; '' of an event. */
  tx: string;
  message: unknown;
  metadata?: Record<string, string>;
}
/**
 * Return a value to replace the message, undefined to leave it. Left to right when sending, right
 * to left when receiving. What it throws fails its call alone, with ERR_HAWSER_MIDDLEWARE.
 */
export type Middleware = (context: MiddlewareContext) => unknown | Promise<unknown>;

/** Gives each call its tx. */
export type TransactionIdGenerator<M extends MessageDefs = any> = (
  message: { [K in keyof M & string]: { type: K; payload: PayloadOf<M, K> } }[keyof M & string],
) => string;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export interface Logger {
  debug(...a: unknown[]): void;
  info(...a: unknown[]): void;
  warn(...a: unknown[]): void;
  error(...a: unknown[]): void;
}

export abstract class Serializer {
  readonly name?: string;
  abstract serialize(value: unknown): string | Uint8Array;
  abstract deserialize(data: any): unknown;
}
export class JsonSerializer extends Serializer {
  serialize(value: unknown): string;
  deserialize(data: string | Buffer): unknown;
}
export interface SerializedError {
  name: string;
  message: string;
  stack?: string;
  code?: string | number;
  cause?: unknown;
  errors?: unknown[];
  properties?: Record<string, unknown>;
}
export function serializeError(error: unknown): SerializedError;
export function deserializeError(serialized: SerializedError): Error;
export function registerErrorClass(ctor: new (...args: any[]) => Error): void;

export class HawserError extends Error {
  code: string;
}
export class WorkerStartError extends HawserError {
  exitCode?: number;
  signal?: string;
  stderrTail?: string;
}
export class WorkerCrashedError extends HawserError {
  reason: {
    type: 'exit' | 'error' | 'close';
    code?: number | null;
    signal?: string | null;
    error?: Error;
  };
  messageType?: string;
  attempt: number;
  maxAttempts: number;
  stderrTail?: string;
}
export class WorkerClosedError extends HawserError {}
export class TimeoutError extends HawserError {
  phase: 'startup' | 'connect' | 'queue' | 'run';
  timeout: number;
}
export class OverloadedError extends HawserError {}
export class UnknownTypeError extends HawserError {
  messageType: string;
}
export class HandshakeError extends HawserError {}
export class ProtocolError extends HawserError {
  rule: string;
}
export class SerializationError extends HawserError {
  path: string;
}
export class PoisonMessageError extends HawserError {
  messageType: string;
  attempts: number;
}
export class UnsupportedError extends HawserError {}
export class TooLargeError extends HawserError {}
export class RemoteError extends HawserError {}

export * from './isolated-workers.js';
