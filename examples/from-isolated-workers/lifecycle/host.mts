import { createWorker, type WorkerClient } from 'hawser';
import { fileURLToPath } from 'node:url';
import type { Messages } from './messages.mjs';

const script = fileURLToPath(new URL('./worker.mjs', import.meta.url));

function printStatus(when: string, worker: WorkerClient<Messages>): void {
  const { pid, isActive, isConnected } = worker;
  console.log(`${when}: pid ${typeof pid}, active ${isActive}, connected ${isConnected}`);
}

async function main(): Promise<void> {
  const worker = await createWorker<Messages>({ script, timeout: 10_000 });
  try {
    printStatus('started', worker);
    for (const amount of [10, 20, 30]) {
      const { counter } = await worker.send('increment', { amount });
      console.log('counter:', counter);
    }
    const { requests } = await worker.send('status', {});
    console.log('requests:', requests);
  } finally {
    await worker.close();
  }
  printStatus('closed', worker);
  await worker.close(); // once more does nothing
  try {
    await worker.send('status', {});
  } catch (err) {
    console.log('refused:', (err as Error).message);
  }
}

main().catch((err) => {
  console.error('failed:', err);
  process.exit(1);
});
