'use strict';

const { setImmediate: turn } = require('node:timers/promises');
const { startWorkerServer, workerData } = require('hawser/worker');

const seen = [];
const note = (name) => (context) => {
  const { direction, kind, type, tx, message, metadata } = context;
  seen.push({ name, direction, kind, type, tx, message, metadata });
};
const only = (direction, kind, change) => (context) =>
  context.direction === direction && context.kind === kind ? change(context) : undefined;

const sets = {
  noting: [note('a'), note('b')],
  changing: [
    only('receive', 'request', ({ message }) => `${message} in`),
    only('send', 'response', ({ message }) => `${message} out`),
    only('send', 'error', ({ message }) => new RangeError(`${message.message} out`)),
  ],
  later: [
    async () => {
      await turn();
    },
    only('receive', 'request', async ({ message }) => {
      await turn();
      return `${message} in`;
    }),
  ],
  throwing: [
    only('receive', 'request', ({ message }) => {
      if (message === 'bad') throw new TypeError('not this one');
    }),
    only('send', 'response', ({ message }) => {
      if (message === 'badly') throw new TypeError('nor this one');
    }),
  ],
};

const handlers = {
  echo: (payload) => payload,
  fail: (message) => {
    throw new Error(message);
  },
  seen: () => seen.splice(0),
  context: (_, { tx, type, metadata }) => ({ tx, type, metadata }),
};

startWorkerServer(handlers, { middleware: sets[workerData] });
