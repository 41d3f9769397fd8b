import { startWorkerServer, type Handlers } from 'hawser';
import type { Messages } from './messages.mjs';
import { TaggedSerializer } from './tagged-serializer.mjs';

const HOUR = 3_600_000;

const handlers: Handlers<Messages> = {
  schedule: ({ start, seats }) => ({
    end: new Date(start.getTime() + 2 * HOUR),
    seats: new Map([...seats].map(([row, count]) => [row.toUpperCase(), count - 1n])),
  }),
};

startWorkerServer<Messages>(handlers, { serializer: new TaggedSerializer() });
