/* Compiled, never run: what must type-check does, and each @ts-expect-error marks what must not. */
import { MessageChannel, parentPort, Worker } from 'node:worker_threads';
import { move } from 'hawser';
import { move as fromWorker } from 'hawser/worker';
import { WorkerPipeAdapter, type Pipe, type PipeAdapter } from 'hawser/pipes';

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

const moved: Float64Array = move(new Float64Array(8));
const list: { port: typeof port1 } = fromWorker({ port: port1 }, [port1]);
void [moved, list];
