import { setTimeout as wait } from 'node:timers/promises';
import { startWorkerServer, workerData } from 'hawser/worker';

const waited = await wait(workerData, workerData);

await startWorkerServer({ waited: () => waited });
