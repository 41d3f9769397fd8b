import type { EventEmitter } from 'node:events';
import type {
  Handlers,
  Logger,
  LogLevel,
  MessageDefs,
  Middleware,
  Pipe,
  PipeOptions,
  SendOptions,
  TransactionIdGenerator,
  WorkerOptions,
} from './index.js';

/**
 * Serve these handlers instead of the module's exports. Call it before the script's evaluation settles;
 * or, with a socketPath, at any time in a process that createWorker has not started: it resolves then
 * when it listens.
 */
export function startWorkerServer<M extends MessageDefs = any>(
  handlers: Handlers<M>,
  options?: ServerOptions,
): Promise<WorkerServer>;
export interface ServerOptions {
  /** Default: follows the host's built-in codec. */
  serializer?: WorkerOptions['serializer'];
  /** Sees, and may replace, each message. */
  middleware?: Middleware | Middleware[];
  /** The tx of what `parent` sends and posts, 1 to 255 bytes. Default: a uuid and a number. */
  txIdGenerator?: TransactionIdGenerator;
  /** Handlers that run at a time; others wait in the order of their calls. Default: no limit of its own. */
  maxConcurrency?: number;
  /** Default: stderr. */
  logger?: Logger;
  /** Default 'error'. */
  logLevel?: LogLevel;
  /** Awaited before the worker is ready. */
  onStart?: () => void | Promise<void>;
  /**
   * For a process that createWorker has not started: it listens here, and is found by connectWorker.
   * Of a worker that createWorker has started the host says it.
   */
  socketPath?: string;
  /**
   * What to do, at a socketPath, when the host goes without worker.disconnect(). Default 'shutdown';
   * of a detached worker 'keep-alive': wait for another host.
   */
  disconnectBehavior?: 'shutdown' | 'keep-alive';
  /** Milliseconds that it waits for a host, at first and between two; 0: for ever. Default 30_000. */
  hostConnectTimeout?: number;
  /**
   * Gets what the host opens with worker.openPipe(). Without it pipes are refused. What it throws, or rejects with,
   * destroys the pipe; errors of a pipe that nobody listens to are logged.
   */
  onPipe?: (pipe: Pipe, name: string) => unknown;
  /** Runs when what ran has finished; reason 'shutdown', 'disconnect', 'stop', 'SIGTERM' or 'SIGINT'. */
  onShutdown?: (reason: string) => void | Promise<void>;
}
export interface WorkerServer {
  /** Finish what runs, run onShutdown, exit. A handler must not await it: it waits for that handler. */
  stop(): Promise<void>;
  readonly isRunning: boolean;
}
export interface Parent {
  /** Ask the host: its option `handlers` answers. Rejects as worker.send does; before the worker is ready too. */
  send(type: string, payload?: unknown, options?: SendOptions): Promise<any>;
  /** As worker.openPipe: the host gets the other end with its event 'pipe'. */
  openPipe(name: string, options?: Omit<PipeOptions, 'serializer'>): Pipe;
  /** One way. False: accepted, wait for 'drain' of `events`; past the hard cap it throws OverloadedError. */
  post(type: string, payload?: unknown): boolean;
  /** Event to the host: worker.events.on(name, listener). False: accepted, wait for 'drain' of `events`. Throws before the worker is ready. */
  emit(name: string, data?: unknown): boolean;
  /** What the host notifies of; 'drain' is the worker's own. */
  readonly events: EventEmitter;
}
/** The host; undefined where isWorker is false. */
export const parent: Parent;
export const workerData: any;
/** Whether this process was started by createWorker, or listens. */
export const isWorker: boolean;
/**
 * Mark a value as moved: a pipe over a MessagePort transfers what it holds instead of copying it, once,
 * with the next write of this value. Default list: the memory of a typed array, or else the value itself
 * (ArrayBuffer, MessagePort). Copied anyway: in calls, over pipes to processes, and a Buffer that is a
 * part of some memory. TypeError for a plain object without a list.
 */
export function move<T>(value: T, transferList?: readonly Transferable[]): T;
export type Transferable = import('node:worker_threads').TransferListItem;
