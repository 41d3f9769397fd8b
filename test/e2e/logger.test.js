'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { setImmediate: turn } = require('node:timers/promises');
const { starter } = require('./started');

const LEVELS = ['debug', 'info', 'warn', 'error'];

function noting(broken) {
  const said = [];
  const log =
    (level) =>
    (...words) => {
      said.push([level, ...words]);
      if (broken) throw new Error('broken');
    };
  return { said, ...Object.fromEntries(LEVELS.map((level) => [level, log(level)])) };
}

for (const transport of ['shm', 'socket']) {
  describe(`logger and logLevel, over ${transport}`, () => {
    const starting = starter();
    const start = (name, options) => starting(name, { transport, ...options });
    const failLater = async ({ kind }) => {
      if (kind === 'request') throw new Error('no post');
    };
    /** What the host has to log: a post that fails when nobody waits for it. */
    const failPost = async (worker) => {
      worker.post('echo');
      await worker.shutdown();
    };

    it('of the host get what nobody else hears of', async () => {
      const logger = noting();
      await failPost(await start('verbs.js', { logger, middleware: failLater }));
      assert.equal(logger.said.length, 1);
      const [level, what, error] = logger.said[0];
      assert.deepEqual([level, what], ['error', "hawser: a post of 'echo' failed"]);
      assert.equal(error.code, 'ERR_HAWSER_MIDDLEWARE');
    });

    it("at 'debug' get the states of the worker", async () => {
      const logger = noting();
      const worker = await start('verbs.js', { logger, logLevel: 'debug' });
      await worker.shutdown();
      const said = logger.said.map(([level, what]) => [
        level,
        what.replace(/worker .*verbs.js/, 'worker W'),
      ]);
      assert.deepEqual(said, [
        ['debug', 'hawser: worker W: starting to ready'],
        ['debug', 'hawser: worker W: ready to closing'],
        ['debug', 'hawser: worker W: closing to closed'],
      ]);
    });

    it("at 'silent' get nothing", async () => {
      const logger = noting();
      const options = { logger, logLevel: 'silent', middleware: failLater };
      await failPost(await start('verbs.js', options));
      assert.deepEqual(logger.said, []);
    });

    it('harm nothing when the logger throws, or rejects', async () => {
      for (const logger of [noting(true), { ...noting(), error: async () => turn().then(fail) }]) {
        const options = { logger, logLevel: 'debug', middleware: failLater };
        const stderr = await written(async () => failPost(await start('verbs.js', options)));
        assert.match(stderr, /hawser: a post of 'echo' failed: .*no post/s);
        assert.match(stderr, /hawser: the logger failed: Error: broken/);
      }
    });

    it('of the worker get the errors of posts', async () => {
      const worker = await start('logs.js', { workerData: { own: true } });
      worker.post('fail', 'lost');
      const said = await worker.send('said');
      assert.equal(said.length, 1);
      assert.deepEqual(said[0].slice(0, 2), [
        'error',
        'hawser: a handler of a posted message failed',
      ]);
      assert.equal(said[0][2].message, 'lost');
    });

    for (const [level, expected] of [
      [undefined, /^hawser: a handler of a posted message failed: RangeError: lost/],
      ['silent', /^$/],
    ]) {
      it(`of the worker, without a logger, write to stderr at level ${level ?? 'error'}`, async () => {
        const worker = await start('logs.js', { workerData: { level }, stdio: 'pipe' });
        let stderr = '';
        worker.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
        const ended = once(worker.stderr, 'end');
        worker.post('fail', 'lost');
        await worker.shutdown();
        await ended;
        assert.match(stderr, expected);
      });
    }

    it('of the worker harm nothing when the logger throws', async () => {
      const workerData = { own: true, broken: true };
      const worker = await start('logs.js', { workerData, stdio: 'ignore' });
      for (let i = 0; i < 3; i++) worker.post('fail', 'lost');
      assert.equal((await worker.send('said')).length, 3);
    });
  });
}

function fail() {
  throw new Error('broken');
}

/** What this process writes to stderr while `run` runs. */
async function written(run) {
  const { write } = process.stderr;
  let text = '';
  process.stderr.write = (chunk) => {
    text += chunk;
    return true;
  };
  try {
    await run();
    await turn();
    await turn();
  } finally {
    process.stderr.write = write;
  }
  return text;
}
