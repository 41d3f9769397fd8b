'use strict';

const { parent, startWorkerServer } = require('hawser/worker');

/** What onPipe does, by the name of the pipe. */
const SERVED = {
  echo: (pipe) => pipe.pipe(pipe),
  throws: () => {
    throw new RangeError('thrown by onPipe');
  },
  destroys: (pipe) => pipe.destroy(Object.assign(new Error('for a reason'), { code: 'E_OWN' })),
  silent: () => {},
  gives: (pipe) => {
    for (let i = 0; i < 10; i++) pipe.write(i);
  },
  ships: (pipe) => {
    for (let i = 0; i < 5000; i++) pipe.write(i);
    pipe.end();
  },
  counts: async (pipe) => {
    let count = 0;
    for await (const value of pipe.iterator({ destroyOnReturn: false })) {
      if (value % 100 === 0) await new Promise(setImmediate);
      count++;
    }
    process.stdout.write(`counted ${count}\n`);
    pipe.end();
  },
};

const kept = [];

startWorkerServer(
  {
    add: ({ a, b }) => a + b,
    exit: () => process.exit(3),
    unhandled: () => void process.nextTick(() => Promise.reject(new Error('unhandled'))),
    open: (name) => {
      const pipe = parent.openPipe(name, { objectMode: true });
      return new Promise((resolve) => {
        pipe.on('error', (error) => resolve([error.name, error.code, error.messageType]));
        pipe.on('data', resolve);
      });
    },
    ships: (count) => {
      const pipe = parent.openPipe('log', { objectMode: true });
      pipe.resume();
      for (let i = 0; i < count; i++) pipe.write(i);
      pipe.end();
      kept.push(pipe);
    },
  },
  {
    onPipe: (pipe, name) => SERVED[name](pipe),
    onShutdown: () => process.stdout.write('onShutdown\n'),
  },
);
