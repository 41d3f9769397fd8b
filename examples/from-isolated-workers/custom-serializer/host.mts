import { createWorker, JsonSerializer } from 'hawser';
import { fileURLToPath } from 'node:url';
import type { Messages } from './messages.mjs';
import { TaggedSerializer } from './tagged-serializer.mjs';

const script = fileURLToPath(new URL('./worker.mjs', import.meta.url));

async function main(): Promise<void> {
  const worker = await createWorker<Messages>({ script, serializer: new TaggedSerializer() });
  try {
    const { end, seats } = await worker.send('schedule', {
      title: 'Überfahrt ⚓',
      start: new Date('2026-05-01T18:00:00Z'),
      seats: new Map([
        ['a', 12n],
        ['b', 9_007_199_254_740_993n],
      ]),
    });
    console.log('ends:', end.toISOString());
    for (const [row, count] of seats) console.log(`row ${row}:`, count);
  } finally {
    await worker.close();
  }

  try {
    await createWorker<Messages>({ script, serializer: new JsonSerializer() });
  } catch (err) {
    console.log((err as Error).message);
  }
}

main().catch((err) => {
  console.error('failed:', err);
  process.exit(1);
});
