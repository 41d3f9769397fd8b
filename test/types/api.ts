/* Compiled, never run: what must type-check does, and each @ts-expect-error marks what must not. */
import { addAbortSignal, Readable } from 'node:stream';
import {
  connectWorker,
  createWorker,
  startWorkerServer,
  TimeoutError,
  WorkerCrashedError,
  type AllMessages,
  type DefineMessages,
  type HandlerContext,
  type Handlers,
  type Logger,
  type MessageOf,
  type MessagesOf,
  type Middleware,
  type PayloadOf,
  type Pipe,
  type PipeOptions,
  type ResultOf,
  type ShutdownReason,
  type TimeoutConfig,
  type TransactionIdGenerator,
  type UnexpectedShutdownConfig,
  type WithResult,
  type Worker,
  type WorkerClient,
} from 'hawser';
import { ProcessPipeAdapter, type Pipe as PipeFromPipes, type PipeAdapter } from 'hawser/pipes';
import { startWorkerServer as fromWorker, workerData, isWorker, parent } from 'hawser/worker';

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(): T | undefined => undefined;

type Messages = DefineMessages<{
  hash: { payload: Buffer; result: string };
  count: { payload?: number; result: number };
  ping: { result: 'pong' };
}>;

holds<Equal<PayloadOf<Messages, 'hash'>, Buffer>>();
holds<Equal<ResultOf<Messages, 'ping'>, 'pong'>>();

export async function atNamedSocket(): Promise<void> {
  const socketPath = '/run/user/1000/app/worker';
  const connection = { attempts: 3, delay: (attempt: number) => attempt * 10, maxDelay: 100 };
  await createWorker<Messages>('./worker.js', { socketPath, detached: true, connection });
  const worker = await connectWorker<Messages>({ socketPath, timeout: { connect: 100 } });
  const digest = await worker.send('hash', Buffer.alloc(1));
  holds<Equal<typeof digest, string>>();
  await worker.disconnect();
  await worker.reconnect();
  await startWorkerServer(
    {},
    { socketPath, disconnectBehavior: 'keep-alive', hostConnectTimeout: 0 },
  );
  // @ts-expect-error a path is needed
  await connectWorker({});
}

export async function typed(): Promise<void> {
  const worker = await createWorker<Messages>({ script: './worker.js', timeout: { hash: 100 } });
  const digest = await worker.send('hash', Buffer.alloc(1), {
    timeout: 5,
    signal: AbortSignal.timeout(5),
    abort: 'terminate',
    grace: 5,
    onProgress: (value) => void value,
  });
  holds<Equal<typeof digest, string>>();
  const pong = await worker.send('ping');
  holds<Equal<typeof pong, 'pong'>>();
  await worker.send('count');
  await worker.send('count', 3);
  const more: boolean = worker.post('hash', Buffer.alloc(1));
  holds<Equal<typeof more, boolean>>();
  worker.post('ping');
  const accepted: boolean = worker.notify('name', 1) && parent.emit('name');
  worker.events.on('name', () => parent.events.off('name', () => accepted));
  const roundTrip: number = await worker.ping();
  holds<Equal<typeof roundTrip, number>>();

  await createWorker<Messages>({
    script: './worker.js',
    unexpectedShutdown: { strategy: 'retry', messages: { hash: { strategy: 'reject' } } },
  });
  await createWorker<Messages>('./worker.js', {
    unexpectedShutdown: { hash: { strategy: 'retry', attempts: 3 } },
  });
  await createWorker<Messages>('./worker.js', {
    // @ts-expect-error there is no such message
    unexpectedShutdown: { sum: { strategy: 'retry' } },
  });
  await createWorker<Messages>('./worker.js', {
    // @ts-expect-error not a strategy
    unexpectedShutdown: { strategy: 'again' },
  });

  // @ts-expect-error the contract has a payload
  await worker.send('hash');
  // @ts-expect-error of another type
  await worker.send('hash', 'text');
  // @ts-expect-error there is no such message
  await worker.send('sum', 1);
  // @ts-expect-error the contract has a payload
  worker.post('hash');
  // @ts-expect-error misspelt
  await worker.send('ping', undefined, { timeuot: 5 });
  await worker[Symbol.asyncDispose]();
}

export async function untyped(): Promise<void> {
  const worker: Worker = await createWorker('./worker.js', { spin: 0, transport: 'socket' });
  const anything: string = await worker.send('whatever', { a: 1 });
  worker
    .ref()
    .unref()
    .on('drain', () => {});
  const answer: Promise<string> = parent.send('ask', 1, { timeout: 5 });
  void (parent.post('tell') && answer);
  await createWorker('./worker.js', { handlers: { ask: (n: number) => n, tell: async () => {} } });
  await worker.shutdown({ timeout: 10 });
  await worker.close();
  // @ts-expect-error not a transport
  await createWorker('./worker.js', { transport: 'pigeon' });
  // @ts-expect-error misspelt
  await createWorker({ script: './worker.js', highWatermark: {} });
  void anything;
}

const stamped: Middleware = ({ direction, kind, type, tx, message, metadata }) => {
  holds<Equal<typeof direction, 'send' | 'receive'>>();
  holds<Equal<typeof kind, 'request' | 'response' | 'error' | 'event'>>();
  holds<Equal<typeof message, unknown>>();
  return metadata === undefined ? undefined : [type.length, tx.length];
};

export async function withMiddleware(logger: Logger): Promise<void> {
  const worker = await createWorker<Messages>({
    script: './worker.js',
    middleware: [stamped, async () => {}],
    txIdGenerator: () => 'tx',
    logger,
    logLevel: 'silent',
  });
  const remove: () => void = worker.use(stamped);
  remove();
  await worker.send('count', 1, { metadata: { traceparent: '00' } });
  // @ts-expect-error strings only
  await worker.send('count', 1, { metadata: { depth: 1 } });
  // @ts-expect-error no such level
  await createWorker({ script: './worker.js', logLevel: 'loud' });
  // @ts-expect-error not a function
  worker.use('x');
  await createWorker({ script: './worker.js', middleware: stamped, logger: console });
}

const handlers: Handlers<Messages> = {
  hash: (bytes, context) => bytes.toString(context.type === 'hash' ? 'hex' : 'base64'),
  count: async (n = 0, { signal }) => (signal.aborted ? 0 : n + 1),
  ping: () => 'pong',
};
void startWorkerServer<Messages>(handlers, { onShutdown: (reason) => void reason.length });
void startWorkerServer<Messages>(handlers, {
  middleware: stamped,
  maxConcurrency: 2,
  logger: console,
});
void startWorkerServer({ meta: (_: void, ctx: HandlerContext) => ctx.metadata?.traceparent });
void fromWorker({ any: (payload: unknown) => payload });
holds<Equal<typeof isWorker, boolean>>();
void workerData.anything;

// @ts-expect-error 'pong' is the contract
void startWorkerServer<Messages>({ ...handlers, ping: () => 'pang' });
// @ts-expect-error a handler is missing
void startWorkerServer<Messages>({ hash: handlers.hash });

const moduleOfHandlers = {
  double: (n: number) => n * 2,
  later: async (_: void) => ({ at: new Date() }),
};
type OfModule = MessagesOf<typeof moduleOfHandlers>;
holds<Equal<ResultOf<OfModule, 'double'>, number>>();
holds<Equal<ResultOf<OfModule, 'later'>, { at: Date }>>();

export async function ofModule(): Promise<void> {
  const worker = await createWorker<OfModule>(new URL('file:///worker.js'));
  const doubled: number = await worker.send('double', 2);
  await worker.send('later');
  // @ts-expect-error a number is wanted
  await worker.send('double', 'two');
  void doubled;
}

const named: TransactionIdGenerator<Messages> = ({ type, payload }) => `${type} ${payload}`;
const limits: TimeoutConfig<Messages> = { WORKER_STARTUP: 5000, WORKER_MESSAGE: 100, hash: 10 };
const onCrash: UnexpectedShutdownConfig<Messages> = {
  strategy: 'retry',
  attempts: 2,
  hash: { strategy: 'reject' },
};
holds<Equal<WithResult<DefineMessages<{ a: { result: 1 }; b: { payload: 2 } }>>, 'a'>>();
holds<Equal<MessageOf<Messages, 'hash'>['payload'], Buffer>>();
holds<Equal<AllMessages<Messages>['type'], 'hash' | 'count' | 'ping'>>();

export async function ported(reason: ShutdownReason): Promise<WorkerClient<Messages>> {
  const worker: WorkerClient<Messages> = await createWorker<Messages>({
    script: './worker.js',
    timeout: limits,
    unexpectedShutdown: onCrash,
    txIdGenerator: (message) => `${message.type}-1`,
  });
  await createWorker<Messages>({ script: './worker.js', txIdGenerator: named });
  await createWorker({ script: './worker.js', txIdGenerator: ({ type }) => type });
  // @ts-expect-error a tx is a string
  await createWorker<Messages>({ script: './worker.js', txIdGenerator: () => 1 });
  void reason.type;
  return worker;
}

export function reasonOf(error: unknown): string {
  if (error instanceof WorkerCrashedError) return `${error.reason.type} ${error.attempt}`;
  if (error instanceof TimeoutError) return error.phase;
  return 'none';
}

type Streaming = DefineMessages<{
  count: { payload: number; item: number };
  sum: { payload: AsyncIterable<number>; result: number };
  doubles: { payload?: AsyncIterable<number>; item: { n: number } };
}>;

export async function streaming(source: AsyncGenerator<number>): Promise<void> {
  const worker = await createWorker<Streaming>('./worker.js');
  for await (const n of worker.stream('count', 3)) holds<Equal<typeof n, number>>();
  for await (const item of worker.stream('doubles')) holds<Equal<typeof item, { n: number }>>();
  const stream: Readable = worker.stream('doubles', source, { timeout: 5 });
  stream.pipe(process.stdout);
  const sum = await worker.send('sum', Readable.from([1]));
  holds<Equal<typeof sum, number>>();
  await worker.send('sum', source);
  // @ts-expect-error a stream is wanted
  await worker.send('sum', 3);
  // @ts-expect-error the contract has a payload
  worker.stream('count');
  // @ts-expect-error there is no such message
  worker.stream('counts', 1);
  await startWorkerServer<Streaming>({
    async *count(most) {
      for (let i = 0; i < most; i++) yield i;
    },
    sum: async (items) => {
      let total = 0;
      for await (const item of items) total += item;
      return total;
    },
    doubles: async (items, { signal }) => addAbortSignal(signal, Readable.from(items ?? [])),
  });
  const ofText = async function* () {
    yield 'one';
  };
  // @ts-expect-error items are numbers
  await startWorkerServer<Pick<Streaming, 'count'>>({ count: ofText });
}

const moduleOfStreams = {
  async *count(most: number) {
    yield most;
  },
  promised: async (_: void): Promise<AsyncIterable<Date>> => dates(),
  loose: (payload: string): any => payload,
  sum: async (items: AsyncIterable<number>) => items !== undefined,
};
declare function dates(): AsyncGenerator<Date>;
type OfStreams = MessagesOf<typeof moduleOfStreams>;
holds<Equal<OfStreams['count'], { payload: number; item: number }>>();
holds<Equal<OfStreams['promised']['item'], Date>>();
holds<Equal<ResultOf<OfStreams, 'loose'>, any>>();
holds<Equal<ResultOf<OfStreams, 'sum'>, boolean>>();

export async function pipes(worker: Worker): Promise<void> {
  const options: PipeOptions = { objectMode: true, highWaterMark: 16 };
  const pipe: Pipe = worker.openPipe('log', { ...options, signal: AbortSignal.timeout(5) });
  worker.on('pipe', (other) => void pipe.pipe(other).once(other.name, () => {}));
  const back: PipeFromPipes = parent.openPipe(pipe.name);
  await startWorkerServer({}, { onPipe: (other, name) => void other.end(name) });
  // @ts-expect-error its values have the codec of the worker
  worker.openPipe('log', { objectMode: true, serializer: 'json' });
  // @ts-expect-error a name is needed
  worker.openPipe();
  // @ts-expect-error misspelt
  parent.openPipe('log', { objectmode: true });
  void back;
}

export function piped(signal: AbortSignal): Pipe {
  const adapter: PipeAdapter = new ProcessPipeAdapter('sort', ['-n'], { cwd: '/', pty: false });
  const child = new ProcessPipeAdapter('cat').process;
  const bytes = new ProcessPipeAdapter(child).createDuplex({ highWaterMark: 1024, signal });
  const name: string = bytes.name;
  // @ts-expect-error misspelt
  adapter.createDuplex({ objektMode: true });
  // @ts-expect-error not a serializer for programs
  adapter.createDuplex({ objectMode: true, serializer: 'v8' });
  return name === '' ? bytes : adapter.createDuplex({ objectMode: true, serializer: 'json' });
}
