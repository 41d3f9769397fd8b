'use strict';

const { once } = require('node:events');
const path = require('node:path');

const PEERS = path.join(__dirname, '../peers');
const codecs = {
  /** Bytes only: what else goes to or from the worker is JSON text. */
  raw: {
    script: 'raw.js',
    toWire: (value) =>
      Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value ?? null)),
    fromWire: (answer, type) => (type === 'echo' ? answer : JSON.parse(answer)),
  },
};
const whole = { script: 'handlers.js', toWire: (value) => value, fromWire: null };

/** What a call may bring: the signal of whoever asked, and its own time. */
const TERMS = { signal: new AbortController().signal, timeout: 60_000 };

/** @param {object} options  passed to createWorker, but for `terms`: each call brings some */
module.exports = async function create({ terms, ...options }) {
  const { createWorker } = require('../../lib/index.js');
  const { script, toWire, fromWire } = codecs[options.serializer] ?? whole;
  const worker = await createWorker({ script: path.join(PEERS, script), ...options });
  const send = (value, type = 'echo') => worker.send(type, toWire(value), terms && TERMS);
  const ask = terms ? send : (value, type = 'echo') => worker.send(type, value);

  return {
    pid: worker.pid,
    call: fromWire ? async (value, type = 'echo') => fromWire(await send(value, type), type) : ask,
    post: (value, type = 'count') => worker.post(type, toWire(value)),
    drained: () => once(worker, 'drain'),
    stats: () => ({ ...worker.stats(), transport: worker.transport }),
    close: () => worker.terminate(),
  };
};
