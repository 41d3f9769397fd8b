'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { createWorker } = require('hawser');
const { execPath } = require('../e2e/started');
const { Act } = require('./act');
const { Dice } = require('./dice');
const { REJECTING } = require('./kinds');
const { async, sync } = require('./middleware');
const { pass } = require('./turns');

const script = path.join(__dirname, 'workers', 'chaotic.js');
const STALLED = 15_000; // only a failure takes this long

/** What a process opens or loads at its first use of something, it keeps. */
async function warmUp(transport, folder) {
  const worker = await createWorker({ script, execPath, transport, stdio: 'pipe', workerData: {} });
  await worker.shutdown();
  await new Run({ seed: 1, calls: 4000, transport, folder }).play();
}

/** So many calls to one worker after the other, all of it from a replay number. */
class Run {
  #seed;
  #transport;
  #folder;
  #faults = [];
  #act;
  asked = 0;
  deaths = 0;

  /** @param {{ seed: number, calls: number, transport: string, folder: string }} about folder for named sockets */
  constructor({ seed, calls, transport, folder }) {
    this.#seed = seed;
    this.#transport = transport;
    this.#folder = folder;
    this.calls = calls;
    this.dice = new Dice(seed);
  }

  /** What call `i` is does not depend on when it is made. */
  diceOf(i) {
    return new Dice(this.#seed, i + 1);
  }

  /** Notes a fault rather than throws it: the other calls are to settle, too. */
  check(what, failure, holds) {
    try {
      holds();
    } catch (error) {
      this.#faults.push(new Error(`${what}: ${error.message}`, { cause: failure ?? error }));
    }
  }

  async play() {
    const watch = this.#watch();
    try {
      await Promise.race([this.#playActs(), watch.stalled]);
    } finally {
      clearInterval(watch.timer);
      await this.#act?.worker.terminate();
    }
    if (this.#faults.length > 0) throw this.#faults[0];
  }

  async #playActs() {
    while (this.asked < this.calls && this.#faults.length === 0) {
      const options = this.#options();
      const worker = await createWorker({ script, execPath, ...options });
      this.#act = new Act(this, worker, options);
      await this.#act.play();
      assert.deepEqual(fs.readdirSync(this.#folder), []);
    }
  }

  #options() {
    const { dice } = this;
    const retry = {
      strategy: 'retry',
      attempts: dice.int(1, 3),
      messages: Object.fromEntries(REJECTING.map((type) => [type, { strategy: 'reject' }])),
    };
    const isNamed = dice.chance(0.4);
    return {
      transport: this.#transport,
      socketPath: isNamed ? path.join(this.#folder, 'socket') : undefined,
      detached: isNamed && dice.chance(0.3),
      workerData: {
        isNamed,
        maxConcurrency: dice.chance(0.2) ? 20 : undefined,
        isHooked: dice.chance(0.2),
      },
      handlers: {
        answer: async (payload) => (payload.i % 2 ? payload : pass(1).then(() => payload)),
      },
      middleware: dice.pick([[], [], [], [sync], [async, sync]]),
      stdio: dice.weighted({ ignore: 3, pipe: 1 }),
      serializer: dice.weighted({ structured: 6, v8: 1, json: 2 }),
      unexpectedShutdown: dice.chance(0.85) ? retry : {},
      highWaterMark: dice.chance(0.25) ? { bytes: 64 * 1024, messages: 50 } : {},
      maxMessageBytes: 8 * 1024 * 1024,
      logLevel: 'silent', // of posts that are lost
    };
  }

  /** Rejects when nothing has gone on for long, and tells what is open. */
  #watch() {
    let before;
    let timer;
    const stalled = new Promise((_, reject) => {
      timer = setInterval(() => {
        const now = `${this.asked} ${this.#act?.open.size} ${this.#act?.worker.state}`;
        if (now === before) reject(this.#stall());
        before = now;
      }, STALLED);
    });
    return { stalled, timer };
  }

  #stall() {
    const { worker, open } = this.#act;
    const first = [...open.values()].slice(0, 10).map(({ i, kind }) => `${i} (${kind})`);
    const stats = JSON.stringify(worker.stats());
    return new Error(`${open.size} calls of a ${worker.state} worker are open: ${first}; ${stats}`);
  }
}

module.exports = { Run, warmUp };
