'use strict';

const path = require('node:path');
const { createWorker } = require('hawser');
const { execPath } = require('../e2e/started');
const { Act } = require('./act');
const { Dice } = require('./dice');
const { REJECTING } = require('./kinds');

const script = path.join(__dirname, 'workers', 'chaotic.js');
const STALLED = 15_000; // only a failure takes this long

/** What a process opens or loads at its first use of something, it keeps. */
async function warmUp(transport) {
  const worker = await createWorker({ script, execPath, transport, stdio: 'pipe' });
  await worker.shutdown();
  await new Run({ seed: 1, calls: 4000, transport }).play();
}

/** So many calls to one worker after the other, all of it from a replay number. */
class Run {
  #seed;
  #transport;
  #faults = [];
  #act;
  asked = 0;
  deaths = 0;

  /** @param {{ seed: number, calls: number, transport: string }} about */
  constructor({ seed, calls, transport }) {
    this.#seed = seed;
    this.#transport = transport;
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
    }
  }

  #options() {
    const { dice } = this;
    const retry = {
      strategy: 'retry',
      attempts: dice.int(1, 3),
      messages: Object.fromEntries(REJECTING.map((type) => [type, { strategy: 'reject' }])),
    };
    return {
      transport: this.#transport,
      stdio: dice.weighted({ ignore: 3, pipe: 1 }),
      serializer: dice.weighted({ structured: 6, v8: 1, json: 2 }),
      unexpectedShutdown: dice.chance(0.85) ? retry : {},
      highWaterMark: dice.chance(0.25) ? { bytes: 64 * 1024, messages: 50 } : {},
      maxMessageBytes: 8 * 1024 * 1024,
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
