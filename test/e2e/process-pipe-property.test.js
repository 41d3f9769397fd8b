'use strict';

/** Whatever a program takes, says and ends with, and however it is written to and read. */

const assert = require('node:assert/strict');
const { setImmediate: turn } = require('node:timers/promises');
const fc = require('fast-check');
const { ProcessPipeAdapter } = require('hawser/pipes');

const ENDS = { well: 'exit 0', badly: 'exit 7', killed: 'kill -KILL $$' };

const program = fc.record({
  take: fc.constantFrom(0, 1, 100, 70_000, 500_000),
  closesStdin: fc.boolean(),
  lines: fc.constantFrom(0, 5, 50_000),
  end: fc.constantFrom('well', 'badly', 'killed'),
});
const use = fc.record({
  highWaterMark: fc.constantFrom(1, 1000, 262_144),
  reader: fc.constantFrom('flows', 'iterates', 'asks'),
  pauses: fc.boolean(),
  pieces: fc.array(fc.constantFrom(10, 1000, 70_000), { maxLength: 10 }),
});

const scriptOf = ({ take, closesStdin, lines, end }) =>
  [
    take > 0 && `head -c ${take} >/dev/null`,
    closesStdin && 'exec 0<&-',
    lines > 0 && `seq 1 ${lines}`,
    ENDS[end],
  ]
    .filter(Boolean)
    .join('; ');

const READERS = {
  flows(pipe, take, pauses) {
    pipe.on('data', (chunk) => {
      take(chunk);
      if (!pauses) return;
      pipe.pause();
      setImmediate(() => pipe.resume());
    });
  },
  async iterates(pipe, take, pauses) {
    try {
      for await (const chunk of pipe) {
        take(chunk);
        if (pauses) await turn();
      }
    } catch {
      // The event says the same.
    }
  },
  asks(pipe, take, pauses) {
    const ask = () => {
      for (let chunk = pipe.read(); chunk !== null; chunk = pipe.read()) take(chunk);
    };
    pipe.on('readable', () => (pauses ? setImmediate(ask) : ask()));
  },
};

/** What is seen of a pipe until it has closed: the names of its events, and what each write was told. */
async function observe(script, { highWaterMark, reader, pauses, pieces }) {
  const pipe = new ProcessPipeAdapter('sh', ['-c', script]).createDuplex({ highWaterMark });
  const seen = { events: [], output: '', error: null, told: [], written: 0 };
  pipe.on('error', (error) => (seen.error = error));
  for (const name of ['end', 'error', 'close']) pipe.on(name, () => seen.events.push(name));
  const closed = new Promise((resolve) => pipe.on('close', resolve));
  READERS[reader](pipe, (chunk) => (seen.output += chunk), pauses);
  for (const length of pieces) {
    if (pipe.destroyed) break;
    seen.written += 1;
    pipe.write(Buffer.alloc(length), (error) => seen.told.push(error ?? null));
    if (pauses) await turn();
  }
  if (!pipe.destroyed) pipe.end();
  await closed;
  await turn();
  return seen;
}

function linesTo(count) {
  return Array.from({ length: count }, (_, at) => `${at + 1}\n`).join('');
}

describe('the pipe of any program', () => {
  it('gives all of its output, tells each write, and ends well or with one error', async () => {
    const property = fc.asyncProperty(program, use, async (one, how) => {
      const { events, output, error, told, written } = await observe(scriptOf(one), how);
      assert.equal(output, linesTo(one.lines));
      assert.equal(told.length, written);
      const lost = told.some((each) => each !== null);
      const endsWell = one.end === 'well' && !lost;
      const isLate = one.end === 'well' && lost && events[0] === 'end'; // written when all was over
      const last = isLate ? events.slice(1) : events;
      assert.deepEqual(last, endsWell ? ['end', 'close'] : ['error', 'close']);
      const code = one.end === 'well' ? 'EPIPE' : 'ERR_HAWSER_CRASHED';
      assert.equal(error?.code, endsWell ? undefined : code);
    });
    await fc.assert(property, { numRuns: 80, seed: 8 });
  });
});
