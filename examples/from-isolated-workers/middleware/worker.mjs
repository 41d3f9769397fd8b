import { startWorkerServer } from 'hawser';
import { twoArguments } from './two-arguments.mjs';

const prices = { apple: 30, pear: 45 };

/** Answers and errors say which service they are from. */
function sign(message, direction) {
  if (direction === 'outgoing') return { ...message, payload: { ...message.payload, by: 'shop' } };
}

startWorkerServer(
  {
    price: ({ fruit, count }) => ({ total: prices[fruit] * count }),
    stock: ({ fruit }) => {
      if (!(fruit in prices)) throw new Error(`no such fruit: ${fruit}`);
      return { left: 12 };
    },
  },
  { middleware: [twoArguments(sign)] },
);
