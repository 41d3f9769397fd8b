'use strict';

const fs = require('node:fs');

const noted = [];
const tell = (payload, { tx, metadata }) => ({ payload, tx, metadata });

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
};
