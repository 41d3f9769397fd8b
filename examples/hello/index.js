'use strict';

const { createWorker } = require('hawser');

async function main() {
  const worker = await createWorker({ script: require.resolve('./worker.js') });
  console.log(await worker.send('greet', 'world'));
  console.log(await worker.send('weekday', new Date()), await worker.send('sum', [1, 2, 3]));
  await worker.shutdown();
}

main();
