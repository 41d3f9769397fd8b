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

/** @param {object} options  passed to createWorker */
module.exports = async function create(options) {
  const { createWorker } = require('../../lib/index.js');
  const { script, toWire, fromWire } = codecs[options.serializer] ?? whole;
  const worker = await createWorker({ script: path.join(PEERS, script), ...options });
  const send = (value, type = 'echo') => worker.send(type, toWire(value));

  return {
    pid: worker.pid,
    call: fromWire
      ? async (value, type = 'echo') => fromWire(await send(value, type), type)
      : (value, type = 'echo') => worker.send(type, value),
    post: (value, type = 'count') => worker.post(type, toWire(value)),
    drained: () => once(worker, 'drain'),
    stats: () => ({ ...worker.stats(), transport: worker.transport }),
    close: () => worker.terminate(),
  };
};
