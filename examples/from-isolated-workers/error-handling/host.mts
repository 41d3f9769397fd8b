import { createWorker } from 'hawser';
import { fileURLToPath } from 'node:url';
import type { Messages } from './messages.mjs';

const script = fileURLToPath(new URL('./worker.mjs', import.meta.url));

async function attempt(what: string, call: () => Promise<unknown>): Promise<void> {
  try {
    console.log(`${what}:`, JSON.stringify(await call()));
  } catch (err) {
    const { name, message, code } = err as Error & { code?: string };
    console.log(`${what}: ${name}${code ? ` [${code}]` : ''}: ${message}`);
  }
}

async function main(): Promise<void> {
  const worker = await createWorker<Messages>({ script });
  try {
    await attempt('divide', () => worker.send('divide', { a: 6, b: 3 }));
    await attempt('divide by zero', () => worker.send('divide', { a: 1, b: 0 }));
    await attempt('missing file', () => worker.send('readConfig', { path: '/nowhere/app.json' }));
    await attempt('bad user', () => worker.send('register', { email: 'nobody', age: 7 }));
    await attempt('good user', () => worker.send('register', { email: 'a@b.org', age: 30 }));
    // A caller that was compiled against another version of the messages.
    await attempt('unknown type', () => worker.send('remove' as 'divide', { a: 0, b: 0 }));

    const failed = await worker.send('divide', { a: 1, b: 0 }).catch((err: Error) => err);
    console.log('stack names the worker:', (failed as Error).stack?.includes('worker.mjs'));
  } finally {
    await worker.close();
  }
}

main().catch((err) => {
  console.error('failed:', err);
  process.exit(1);
});
