import worker from './worker.js';

export const { startWorkerServer, move, isWorker, workerData, parent } = worker;
export default worker;
