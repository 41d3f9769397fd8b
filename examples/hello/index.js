'use strict';

const { createWorker } = require('hawser');

async function main() {
  const worker = await createWorker({ script: require.resolve('./worker.js') });
  console.log(await worker.send('greet', 'world'));
  for await (const square of worker.stream('squares', 5)) console.log(square);
  await worker.shutdown();
}

main();
