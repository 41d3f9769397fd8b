'use strict';

const fs = require('node:fs');
const { parent } = require('hawser/worker');

const noted = [];
const heard = [];
let calls = 0;
let aborted = 0;
const tell = (payload, { tx, metadata }) => ({ payload, tx, metadata });

parent.events.on('hear', (data) => heard.push(data));
parent.events.on('tell', (data) => {
  heard.push(data);
  parent.emit('told', data);
});

module.exports = {
  tell,
  // What it was told in each worker, of which the first dies with it.
  dieOnce: (payload, context) => {
    const told = tell(payload, context);
    if (fs.existsSync(payload.file)) return [JSON.parse(fs.readFileSync(payload.file)), told];
    fs.writeFileSync(payload.file, JSON.stringify(told));
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => {});
  },
  note: (_, { tx }) => {
    noted.push(tx);
  },
  noted: () => noted,
  // How many calls of it this worker has seen.
  count: () => ++calls,
  never: (_, { signal }) => {
    signal.addEventListener('abort', () => aborted++);
    return new Promise(() => {});
  },
  aborted: () => aborted,
  ask: ([type, payload]) => parent.send(type, payload),
  hear: (data) => {
    heard.push(data);
  },
  heard: () => heard,
};
