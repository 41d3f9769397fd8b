/* Compiled, never run: what must type-check does, and each @ts-expect-error marks what must not. */
import { MessageChannel, parentPort, Worker } from 'node:worker_threads';
import { move } from 'hawser';
import { move as fromWorker, startWorkerServer } from 'hawser/worker';
import {
  createPipeServer,
  ProcessPipeAdapter,
  WorkerPipeAdapter,
  type Pipe,
  type PipeAdapter,
} from 'hawser/pipes';

const { port1 } = new MessageChannel();
const adapter: PipeAdapter = new WorkerPipeAdapter(port1);
const pipe: Pipe = adapter.createDuplex({ objectMode: true, highWaterMark: 16 });
const name: string = pipe.name;
pipe.write({ name });
new WorkerPipeAdapter(parentPort!).createDuplex();
new WorkerPipeAdapter(new Worker('x')).createDuplex({ signal: AbortSignal.timeout(1) });
// @ts-expect-error an option that there is not
adapter.createDuplex({ objectmode: true });
// @ts-expect-error no port
new WorkerPipeAdapter('port');

new ProcessPipeAdapter('vi', [], { pty: true, cols: 80, rows: 24, cwd: '/' });
// @ts-expect-error an option that spawn does not have
new ProcessPipeAdapter('vi', [], { pyt: true });
void createPipeServer({ port: 0 }, async (opened) => opened.end());

startWorkerServer({}, { onPipe: (opened, name) => opened.end(name) });
startWorkerServer({}, { onPipe: async (opened) => void opened.end() });

const moved: Float64Array = move(new Float64Array(8));
const list: { port: typeof port1 } = fromWorker({ port: port1 }, [port1]);
void [moved, list];
