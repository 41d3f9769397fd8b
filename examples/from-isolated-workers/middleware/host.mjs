import { createWorker } from 'hawser';
import { fileURLToPath } from 'node:url';
import { twoArguments } from './two-arguments.mjs';

/** Prints each message with its direction. */
function log(message, direction) {
  const text = JSON.stringify(message.payload, (key, value) => (key === 'stack' ? '...' : value));
  console.log(direction === 'outgoing' ? '>>' : '<<', message.type, text);
  return message;
}

/** Refuses what the worker need not see. */
async function validate(message, direction) {
  if (direction !== 'outgoing' || message.type !== 'price') return;
  if (!(message.payload.count > 0)) throw new Error('count must be positive');
}

/** Names are lower case in the worker. */
function normalize(message, direction) {
  if (direction === 'outgoing') message.payload.fruit = message.payload.fruit.toLowerCase();
}

async function main() {
  const worker = await createWorker({
    script: fileURLToPath(new URL('./worker.mjs', import.meta.url)),
    middleware: [log, validate, normalize].map(twoArguments),
    txIdGenerator: (message) => `${message.type}-${process.hrtime.bigint()}`,
    logLevel: 'warn',
  });
  try {
    console.log('total:', await worker.send('price', { fruit: 'Pear', count: 3 }));
    await worker.send('price', { fruit: 'pear', count: -1 }).catch((e) => console.log(e.message));
    await worker.send('stock', { fruit: 'kiwi' }).catch((e) => console.log('failed:', e.message));
  } finally {
    await worker.close();
  }
}

main();
