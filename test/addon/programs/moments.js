'use strict';

/** Moments in the life of a worker at which something may happen to its host. */

const path = require('node:path');
const { createWorker } = require('hawser');
const { own } = require('./own-codec');

const script = path.join(__dirname, '..', 'workers', 'handlers.js');
const ownScript = path.join(__dirname, '..', 'workers', 'own-codec.js');
const quiet = () => {};
const filler = 'x'.repeat(4000);

function flood(worker) {
  try {
    while (worker.post('echo', filler)) continue;
    for (let i = 0; i < 200; i++) worker.send('echo', filler).catch(quiet);
  } catch (error) {
    if (error.code !== 'ERR_HAWSER_OVERLOADED') throw error;
  }
}

async function ownWorker(transport, hooks) {
  const worker = await createWorker({ script: ownScript, transport, serializer: own(hooks) });
  worker.send('echo', 'go').catch(quiet);
}

/** @type {Record<string, (transport: string, act: () => void) => unknown>} */
const MOMENTS = {
  'while it starts': (transport, act) => {
    createWorker({ script, transport }).catch(quiet);
    act();
  },
  'while it is idle': async (transport, act) => {
    await createWorker({ script, transport });
    act();
  },
  'while a flood waits': async (transport, act) => {
    flood(await createWorker({ script, transport }));
    act();
  },
  'while a flood runs': async (transport, act) => {
    flood(await createWorker({ script, transport }));
    setImmediate(() => setImmediate(act));
  },
  'while a long answer comes': async (transport, act) => {
    const worker = await createWorker({ script, transport });
    worker.send('make', 8 << 20).catch(quiet);
    await worker.send('echo', 1);
    act();
  },
  'while it closes': async (transport, act) => {
    const worker = await createWorker({ script, transport });
    worker.send('never').catch(quiet);
    worker.shutdown().catch(quiet);
    act();
  },
  'while it is terminated': async (transport, act) => {
    const worker = await createWorker({ script, transport });
    worker.terminate().catch(quiet);
    act();
  },
  'inside the delivery of an answer': (transport, act) =>
    ownWorker(transport, { onDeserialize: (value) => value === 'go' && act() }),
  "inside a listener of 'drain'": async (transport, act) => {
    const worker = await createWorker({ script, transport });
    worker.once('drain', act);
    flood(worker);
  },
  'inside a getter of a payload': async (transport, act) => {
    const worker = await createWorker({ script, transport });
    const payload = Object.defineProperty({ a: filler }, 'b', { get: act, enumerable: true });
    worker.send('echo', payload).catch(quiet);
  },
  'inside a serializer': (transport, act) =>
    ownWorker(transport, { onSerialize: (value) => value === 'go' && act() }),
};

module.exports = { MOMENTS };
