import { startWorkerServer, type Handlers } from 'hawser';
import type { Messages } from './messages.mjs';

let counter = 0;
let requests = 0;

const handlers: Handlers<Messages> = {
  increment: ({ amount }) => {
    requests++;
    counter += amount;
    return { counter };
  },
  status: () => {
    requests++;
    return { requests };
  },
};

const server = await startWorkerServer<Messages>(handlers);
if (!server.isRunning) throw new Error('not running');
process.once('exit', () => console.log('worker: served', requests));
