'use strict';

const { setImmediate: turn } = require('node:timers/promises');
const { parent, startWorkerServer, workerData } = require('hawser/worker');

const forever = () => new Promise(() => {});

function refuse({ i }) {
  throw Object.assign(new RangeError(`refused ${i}`), { code: 'E_REFUSED' });
}

async function later(payload) {
  for (let turns = payload.turns; turns > 0; turns--) await turn();
  return payload;
}

/** Answers when its caller has given it up. */
const late = (payload, { deadline }) =>
  new Promise((resolve) => setTimeout(resolve, deadline - Date.now() + 20, payload));

/** Ends when its caller has given it up. */
const wait = (payload, { signal }) =>
  new Promise((resolve, reject) => {
    const end = () => reject(new Error('nobody is to see this'));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });

function tell(payload, context) {
  for (let n = 0; n < payload.count; n++) {
    context.progress(n);
    context.emit('told', payload.i);
  }
  return payload;
}

/** Ends only with its worker. */
function loop() {
  for (;;);
}

const exit = () => process.exit(7);

const handlers = {
  echo: (payload) => payload,
  charge: (payload) => payload, // of a type that is not tried again
  later,
  chargeLater: later,
  refuse,
  refuseLater: async (payload) => refuse(await later(payload)),
  late,
  chargeLate: late,
  wait,
  tell,
  ask: (payload) => parent.send('answer', payload),
  stay: forever,
  loop,
  exit, // of a type that is not tried again
  poison: exit,
  kill: () => {
    process.kill(process.pid, 'SIGKILL');
    return forever();
  },
  // Ends the first worker that it meets.
  exitOf: (payload) => (payload.pid === process.pid ? exit() : payload),
  answerAndExit: (payload) => {
    process.nextTick(exit);
    return payload;
  },
  note: () => {}, // posted
};

const middleware = ({ kind }) => (kind === 'request' ? turn() : undefined);

startWorkerServer(handlers, {
  disconnectBehavior: workerData.isNamed ? 'keep-alive' : undefined,
  maxConcurrency: workerData.maxConcurrency,
  middleware: workerData.isHooked ? [middleware, () => {}] : [],
});
