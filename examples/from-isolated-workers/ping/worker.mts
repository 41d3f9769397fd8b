import { startWorkerServer, type Handlers } from 'hawser';
import type { Messages } from './messages.mjs';

const lines: string[] = [];

const handlers: Handlers<Messages> = {
  ping: ({ message }) => ({ message: `pong: ${message}`, pid: process.pid }),
  sum: async ({ values }) => ({ total: values.reduce((total, value) => total + value, 0) }),
  note: ({ line }) => {
    lines.push(line);
  },
};

await startWorkerServer<Messages>(handlers);
