import worker from './worker.js';

export const { startWorkerServer, isWorker, workerData } = worker;
export default worker;
