import { startWorkerServer, type Handlers } from 'hawser';
import { readFile } from 'node:fs/promises';
import type { Messages } from './messages.mjs';

class ValidationError extends Error {
  override name = 'ValidationError';
  code = 'E_VALIDATION';
  constructor(readonly fields: string[]) {
    super(`invalid: ${fields.join(', ')}`);
  }
}

const handlers: Handlers<Messages> = {
  divide: ({ a, b }) => {
    if (b === 0) throw new RangeError('division by zero');
    return { quotient: a / b };
  },
  readConfig: async ({ path }) => ({ keys: Object.keys(JSON.parse(await readFile(path, 'utf8'))) }),
  register: ({ email, age }) => {
    const wrong = [email.includes('@') ? '' : 'email', age >= 18 ? '' : 'age'].filter(Boolean);
    if (wrong.length > 0) throw new ValidationError(wrong);
    return { id: Buffer.from(email).toString('hex').slice(0, 8) };
  },
};

startWorkerServer<Messages>(handlers);
