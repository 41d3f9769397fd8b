'use strict';

const { parent, startWorkerServer, workerData } = require('hawser/worker');

const heard = [];
const seen = [];
const note = (name) => (context) => void seen.push({ name, ...context });
const only = (direction, kind, change) => (context) =>
  context.direction === direction && context.kind === kind ? change(context) : undefined;

const sets = {
  noting: [note('a'), note('b')],
  changing: [
    only('receive', 'event', ({ message }) => `${message} in`),
    only('send', 'event', ({ message }) => `${message} out`),
  ],
};

parent.events.on('echo', (data) => {
  heard.push(data);
  parent.emit('echoed', data);
});

const handlers = {
  echo: (payload) => payload,
  heard: () => heard,
  ask: (args) => parent.send(...args),
  context: (_, { tx }) => ({ tx }),
  seen: () => seen.splice(0),
};

startWorkerServer(handlers, { middleware: sets[workerData] });
