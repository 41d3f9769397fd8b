'use strict';

/*
 * names.js OPTIONS: starts a worker at a named socket, has it do OPTIONS.verb, and waits, or leaves it.
 * Prints { pid }; where OPTIONS.halfWay, before it connects, which it never does.
 */

const childProcess = require('node:child_process');
const path = require('node:path');

const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** Every process that is started tells its id, and no connection is ever made. */
function stopHalfWay() {
  const { spawn } = childProcess;
  childProcess.spawn = (...args) => {
    const child = spawn(...args);
    print({ pid: child.pid });
    return child;
  };
  const attempts = require('../../../lib/connection-attempts');
  attempts.ConnectionAttempts.prototype.start = () => {};
}

async function main({ verb = 'idle', leave, script = 'busy.js', halfWay, ...options }) {
  if (halfWay) stopHalfWay();
  const { createWorker } = require('hawser');
  const file = path.join(__dirname, '..', 'workers', script);
  const worker = await createWorker(file, { stdio: 'ignore', ...options });
  print({ pid: worker.pid });
  if (leave) await worker.disconnect();
  else if (script === 'busy.js') await worker.send(verb);
}

main(JSON.parse(process.argv[2]));
