import type {
  Handlers,
  Logger,
  LogLevel,
  MessageDefs,
  Middleware,
  WorkerOptions,
} from './index.js';

/** Serve these handlers instead of the module's exports. Call it before the script's evaluation settles. */
export function startWorkerServer<M extends MessageDefs = any>(
  handlers: Handlers<M>,
  options?: ServerOptions,
): Promise<WorkerServer>;
export interface ServerOptions {
  /** Default: follows the host's built-in codec. */
  serializer?: WorkerOptions['serializer'];
  /** Sees, and may replace, each message. */
  middleware?: Middleware | Middleware[];
  /** Handlers that run at a time; others wait in the order of their calls. Default: no limit of its own. */
  maxConcurrency?: number;
  /** Default: stderr. */
  logger?: Logger;
  /** Default 'error'. */
  logLevel?: LogLevel;
  /** Awaited before the worker is ready. */
  onStart?: () => void | Promise<void>;
  /** Runs when what ran has finished; reason 'shutdown', 'disconnect', 'stop', 'SIGTERM' or 'SIGINT'. */
  onShutdown?: (reason: string) => void | Promise<void>;
}
export interface WorkerServer {
  stop(): Promise<void>;
  readonly isRunning: boolean;
}
export const workerData: any;
/** Whether this process was started by createWorker. */
export const isWorker: boolean;
