'use strict';

/** Workers that write anything into the shared words and segments. */

const { TYPE, answer, credit, header, structured } = require('../peer/wire');

const done = structured('done');
const BEYOND = 2n ** 64n - 1n;
const pick = ({ slot, generation }) => ({ slot, generation });

const afterCalls = (count, act) => async (peer) => {
  await peer.start();
  const calls = await peer.requests(count);
  await act(peer, calls);
};

/** Start, take three calls, then write this into the page and ring. */
const lie = (act) =>
  afterCalls(3, (peer) => {
    act(peer);
    peer.ring();
  });

/** The same behind a post, which waits for no answer: the host is ready then, and idle. */
const idleLie = (act) =>
  afterCalls(1, (peer) => {
    act(peer);
    peer.ring();
  });

const lies = {
  tailTooFar: (peer) => peer.publishTail(peer.hostHead + BigInt(peer.capacity) + 8n),
  tailBack: (peer) => peer.publishTail(peer.tail - 8n),
  tailZero: (peer) => peer.publishTail(0n),
  tailMost: (peer) => peer.publishTail(BEYOND),
  headAhead: (peer) => peer.publishHead(peer.head + 2n ** 20n),
  headBack: (peer) => peer.publishHead(0n),
  headMost: (peer) => peer.publishHead(BEYOND),
};

const renamed = (prefix, act) =>
  Object.fromEntries(Object.entries(lies).map(([name, make]) => [prefix + name, act(make)]));

module.exports = {
  ...renamed('', lie),
  ...renamed('idle_', idleLie),

  // Random words, again and again, until the host ends it.
  random: afterCalls(3, (peer) => {
    let seed = 12345n;
    const next = () => (seed = (seed * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n);
    const stir = () => {
      peer.publishTail(next());
      peer.publishHead(next());
      peer.setWaiting(Number(next() >> 32n));
      peer.setStarving(Number(next() >> 32n));
      peer.ring();
      setImmediate(stir);
    };
    stir();
  }),

  // A record that claims more than was published, which never comes.
  claim: afterCalls(3, (peer, [call]) => {
    peer.write(header(TYPE.RESPONSE, { ...pick(call), flags: 1, length: 100_000 }));
  }),
  // An index in the middle of a record, and later the rest of it.
  unaligned: afterCalls(3, async (peer, calls) => {
    const bytes = Buffer.concat(calls.map((call) => answer(call, done)));
    for (let at = 0; at < bytes.length; at += 3) {
      peer.write(bytes.subarray(at, at + 3));
      await new Promise(setImmediate);
    }
  }),
  // Longer than the ring, so that it can only pass through it.
  longerThanRing: afterCalls(3, async (peer, calls) => {
    for (const call of calls)
      await peer.writeAll(answer(call, structured(Buffer.alloc(300_000, 'r'))));
  }),
  // So many that the ring wraps at every offset that a record can have.
  wraps: async (peer) => {
    await peer.start();
    for (let i = 0; ; i++) {
      const call = await peer.nextOf(TYPE.REQUEST);
      await peer.writeAll(answer(call, structured(Buffer.alloc(i * 97, 'w'))));
    }
  },

  // The header changes after it was published, between the looks of the host.
  flipping: afterCalls(3, async (peer, calls) => {
    const good = Buffer.concat(calls.map((call) => answer(call, done)));
    const bad = Buffer.alloc(good.length, 0xff);
    for (;;) {
      const before = peer.tail;
      peer.store(good);
      peer.publish();
      peer.ring();
      for (let i = 0; i < 1000; i++) peer.storeAt(before, i % 2 === 0 ? bad : good);
      await new Promise(setImmediate);
    }
  }),

  // One padding frame as long as the ring, and the same bytes published for ever.
  replay: afterCalls(3, (peer) => {
    const capacity = BigInt(peer.capacity);
    const before = peer.tail;
    let tail = before + capacity - (before % capacity);
    peer.storeAt(before, header(TYPE.PAD, { length: Number(tail - before) - 16 }));
    peer.storeAt(tail, header(TYPE.PAD, { length: peer.capacity - 16 }));
    const again = () => {
      if (peer.hostHead === tail) tail += capacity;
      peer.publishTail(tail);
      peer.ring();
      setImmediate(again);
    };
    again();
  }),
  // The socket says that it has ended, the ring goes on for ever: padding of 16 MiB, a grant, and so
  // on. Each goes around the ring whole times and 16 bytes, so one filling serves for gigabytes.
  endlessEnd: afterCalls(3, (peer) => {
    const filling = [];
    for (let i = 0n; i < 5000n; i++) {
      filling.push(header(TYPE.PAD, { length: 16 * 1024 * 1024 }));
      filling.push(credit(2n ** 21n + i, 2n ** 17n));
    }
    peer.store(Buffer.concat(filling));
    const publish = () => peer.publishTail(peer.hostHead + BigInt(peer.capacity));
    publish();
    peer.socket.end(() => {
      for (;;) publish();
    });
  }),

  // ------------------------------------------------------------ doorbells and flags
  // Answers are published, and nobody is told.
  unrung: async (peer) => {
    await peer.start();
    for (;;) {
      const call = await peer.nextOf(TYPE.REQUEST);
      peer.store(answer(call, done));
      peer.publish();
    }
  },
  // A doorbell whenever the socket takes one, and answers beside it.
  doorbells: async (peer) => {
    const flood = () => peer.socket.write(Buffer.alloc(512), flood);
    await peer.start();
    flood();
    for (;;) {
      const call = await peer.nextOf(TYPE.REQUEST);
      peer.write(answer(call, done));
    }
  },
  // The flags of both ends, set to the same for ever, and answers beside it.
  stuckFlags: async (peer, value) => {
    const stick = () => {
      peer.setWaiting(Number(value));
      peer.setStarving(Number(value));
      peer.setHostWaiting(Number(value));
      setImmediate(stick);
    };
    await peer.start();
    stick();
    for (;;) {
      const call = await peer.nextOf(TYPE.REQUEST);
      peer.write(answer(call, done));
    }
  },

  // ------------------------------------------------------------ the end
  // Half of a record is stored and not published, then the process is gone.
  killedInStore: afterCalls(3, (peer, [first, second]) => {
    peer.write(answer(first, done));
    peer.store(answer(second, done).subarray(0, 20));
    process.kill(process.pid, 'SIGKILL');
  }),
  // Doorbells of the host's lie unread when the process goes.
  killedDeaf: async (peer) => {
    await peer.start();
    peer.socket.pause();
    peer.setWaiting(1);
    const look = () => {
      peer.setWaiting(1);
      if (peer.peek().length > 0) process.kill(process.pid, 'SIGKILL');
      else setImmediate(look);
    };
    look();
  },
};
