import { startWorkerServer } from 'hawser/worker';

const server = await startWorkerServer({ running: () => server.isRunning });
