import worker from './worker.js';

export const { startWorkerServer, isWorker, workerData, parent } = worker;
export default worker;
