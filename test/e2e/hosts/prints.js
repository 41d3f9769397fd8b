'use strict';

/* prints.js [STDIO]: has a worker print, and prints which streams it has and what was read there. */

const path = require('node:path');
const { createWorker } = require('hawser');

async function textOf(stream) {
  if (stream === null) return null;
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += chunk;
  return text;
}

async function main([stdio]) {
  const script = path.join(__dirname, '..', 'workers', 'prints.js');
  const worker = await createWorker(script, { stdio });
  const texts = Promise.all([textOf(worker.stdout), textOf(worker.stderr)]);
  await worker.send('print', { out: 'out, later\n', err: 'err, later\n' });
  await worker.shutdown();
  process.stdout.write(`${JSON.stringify(await texts)}\n`);
}

main(process.argv.slice(2));
