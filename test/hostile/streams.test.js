'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { TRANSPORTS, assertBreach, besideGoodWorker } = require('./workers');

const BREACHES = [
  ['that sends data on a stream nobody opened', 'dataOfNoStream', 'P11.12', 'W10'],
  ['that sends data behind its END', 'dataBehindEnd', 'P11.12', 'W10'],
  ['that sends data behind its RESET', 'dataBehindReset', 'P11.12', 'W10'],
  ["that opens a stream in the host's slots", 'otherParity', 'P11.2', 'W9'],
  ['that opens a stream in a slot in use', 'openTwice', 'P11.2', 'W9'],
  ['that names a stream in 1,025 bytes', 'nameTooLong', 'P11.3', 'W3'],
  ['that names a stream in more bytes than come', 'nameCutShort', 'P11.3', 'W3'],
  ['that sends data before it was granted any', 'beforeAcceptance', 'P11.4', 'W11'],
  ['that sends more than it was granted', 'beyondWindow', 'P5.2', 'W11'],
  ['that opens streams and gives them up at once', 'rapidReset', 'P11.14', 'W13'],
  ['that sends data without bytes', 'emptyData', 'P11.5', 'W15'],
];

for (const transport of TRANSPORTS) {
  describe(`a worker over ${transport}, with streams`, () => {
    const startHostile = besideGoodWorker();
    const start = async (behaviour) => {
      const worker = await startHostile('streams', behaviour, { transport });
      worker.on('pipe', (pipe) => pipe.on('error', () => {}));
      return worker;
    };
    const ask = (worker) => [1, 2, 3].map((n) => worker.send('ask', n));

    for (const [what, behaviour, rule, row] of BREACHES) {
      it(`${what} ends with rule ${rule} (${row})`, async () => {
        const worker = await start(behaviour);
        await assertBreach(worker, ask(worker), rule);
      });
    }

    it('may send a message byte by byte: it arrives (W15)', async () => {
      const worker = await start('bytewise');
      const piped = once(worker, 'pipe');
      for (const call of ask(worker)) call.catch(() => {});
      const [pipe] = await piped;
      assert.deepEqual(await once(pipe, 'data'), ['x'.repeat(20_000)]);
    });

    it('that takes back what it granted on a stream ends with rule P5.3 (W12)', async () => {
      const worker = await start('creditShrinks');
      const pipe = worker.openPipe('pipe');
      const [error] = await once(pipe, 'error');
      assert.equal(error.code, 'ERR_HAWSER_CRASHED');
      assert.equal(error.reason.error.rule, 'P5.3');
    });

    it('that resets a stream with an error nobody can read destroys that pipe alone (W17)', async () => {
      const worker = await start('unreadableReset');
      const [error] = await once(worker.openPipe('pipe'), 'error');
      assert.equal(error.code, 'ERR_HAWSER_PROTOCOL');
      assert.equal(worker.state, 'ready');
    });
  });
}
