'use strict';

const { createWorker } = require('hawser');
const spans = [];
const telemetry = require('./telemetry');

async function main() {
  telemetry.start((span) => spans.push(span));
  const worker = await createWorker({ script: require.resolve('./worker.js') });
  await worker.send('price', 'bread');
  await worker.send('price', 'air').catch(({ message }) => console.log(`failed: ${message}`));
  const all = [...spans, ...(await worker.send('spans'))];
  for (const { name, traceId, spanId, parentSpanId = 'none', error = 'no' } of all)
    console.log(
      `${name}: trace ${traceId}, span ${spanId}, parent ${parentSpanId}, error ${error}`,
    );
  await worker.shutdown();
}

main();
