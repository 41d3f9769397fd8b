/** Types by the names that isolated-workers gives them; see docs/migration.md. */
import type {
  BaseMessage,
  CrashStrategy,
  MessageDefs,
  PayloadOf,
  ResultOf,
  Worker,
  WorkerCrashedError,
  WorkerOptions,
} from './index.js';
import type { ServerOptions } from './worker.js';

export type WorkerClient<M extends MessageDefs = any> = Worker<M>;
export type WorkerServerOptions = ServerOptions;
export type MaybePromise<T> = T | Promise<T>;
export type MessageOf<M extends MessageDefs, K extends keyof M> = BaseMessage & {
  type: K;
  payload: PayloadOf<M, K>;
};
export type AllMessages<M extends MessageDefs> = {
  [K in keyof M & string]: MessageOf<M, K>;
}[keyof M & string];
export type WithResult<M extends MessageDefs> = {
  [K in keyof M]: M[K] extends { result: unknown } ? K : never;
}[keyof M];
export type ResultPayloadOf<M extends MessageDefs, K extends WithResult<M>> = ResultOf<M, K>;
export type BuiltInTimeoutKey = 'WORKER_STARTUP' | 'SERVER_CONNECT' | 'WORKER_MESSAGE';
export type TimeoutConfig<M extends MessageDefs = MessageDefs> = Partial<
  Record<BuiltInTimeoutKey | keyof M, number>
>;
export type UnexpectedShutdownStrategy = CrashStrategy;
export type UnexpectedShutdownConfig<M extends MessageDefs = any> = NonNullable<
  WorkerOptions<M>['unexpectedShutdown']
>;
export type ShutdownReason = WorkerCrashedError['reason'];
