'use strict';

const assert = require('node:assert/strict');
const { setImmediate: turn } = require('node:timers/promises');
const { isGone, until } = require('../e2e/processes');
const { ALL, WEIGHTS, attemptsOf, checkAnswer, checkError, typeOf } = require('./kinds');
const { payloadOf } = require('./payloads');

const AT_ONCE = 64;
const BURST = 300;
const SHARES = { strike: 1 / 2500, burst: 1 / 2000, post: 1 / 10, ping: 1 / 500 }; // of all calls
const STRIKES = {
  SIGKILL: 10,
  SIGTERM: 0.5,
  stop: 2,
  exit: 3,
  kill: 2,
  poison: 1,
  exitOf: 4,
  answerAndExit: 4,
};
const ENDS = { drain: 3, shutdown: 2, terminate: 2, shutdownThenKill: 1, killThenEnd: 3 };

/** One worker under fire: calls, and what is done to it, until it has ended and all have settled. */
class Act {
  #run;
  #dice;
  #most; // the number of its last call, unless it crashes before
  #answered = 0;
  #isBinary; // what its serializer carries
  #needsDrain = false;
  #reachEnd;
  #atEnd = new Promise((resolve) => (this.#reachEnd = resolve));
  #doing = []; // promises of what goes on beside the calls
  #pids = new Set();
  /** Calls that have not settled, by number. */
  open = new Map();
  isDeadly = false;
  isEnding = false;

  /** @param {import('./run').Run} run @param {any} worker @param {object} options it was made with */
  constructor(run, worker, options) {
    this.#run = run;
    this.#dice = run.dice;
    this.#most = Math.min(run.calls, run.asked + this.#dice.int(3000, 12_000));
    this.worker = worker;
    this.#isBinary = options.serializer !== 'json';
    this.attemptsOf = (type) => attemptsOf(options, type);
    worker.on('drain', () => (this.#needsDrain = false));
    // Listeners call, too: in the midst of what the worker does about a death.
    for (const event of ['restart', 'exit', 'ready', 'state'])
      worker.on(event, () => this.#isOver() || this.ask());
    worker.on('ready', () => this.#note());
    this.#note();
  }

  async play() {
    const asking = Array.from({ length: AT_ONCE }, () => this.#askOnAndOn());
    await this.#atEnd;
    const end = this.#dice.weighted(ENDS);
    if (end === 'drain') await this.#drain(asking);
    await this.#end(end);
    await Promise.all(asking);
    await this.#allIsDone();
    this.#checkCounters();
    for (const pid of this.#pids) await isGone(pid);
  }

  /** What is done may make more to do. */
  async #allIsDone() {
    for (const one of this.#doing) await one;
  }

  get hasCrashed() {
    return this.worker.state === 'crashed';
  }

  #isOver() {
    const isOver = this.isEnding || this.hasCrashed || this.#run.asked >= this.#most;
    if (isOver) this.#reachEnd();
    return isOver;
  }

  #note() {
    if (this.worker.pid !== undefined) this.#pids.add(this.worker.pid);
  }

  // ---------------------------------------------------------------- calls

  async #askOnAndOn() {
    while (!this.#isOver()) await this.ask();
  }

  /** Makes a call, and by chance more; resolves when it has settled, well or not. */
  ask(kind) {
    const i = this.#run.asked++;
    const dice = this.#run.diceOf(i);
    if (dice.chance(SHARES.post)) this.#post(dice, i);
    if (dice.chance(SHARES.ping)) this.#doing.push(this.#ping());
    if (dice.chance(SHARES.strike)) this.#doing.push(this.#strike(dice));
    if (dice.chance(SHARES.burst)) for (let n = 0; n < BURST && !this.#isOver(); n++) this.ask();
    const call = this.#settle(this.#callOf(kind ?? dice.weighted(WEIGHTS), i, dice));
    this.#doing.push(call);
    return call;
  }

  #callOf(kind, i, dice) {
    const { payload: change, timeout: most } = ALL[kind];
    const payload = payloadOf(dice, i, this.#isBinary);
    const sent = change === undefined ? payload : change(payload, dice, this);
    let timeout;
    if (most !== undefined) timeout = dice.int(1, most);
    else if (dice.chance(0.05)) timeout = 100_000 + i;
    return { i, kind, payload, sent, timeout };
  }

  async #settle(call) {
    const { i, kind, sent, timeout } = call;
    this.open.set(i, call);
    let answer;
    let failure;
    try {
      const options = timeout === undefined ? undefined : { timeout };
      answer = await this.worker.send(typeOf(kind), sent, options);
      this.#answered++;
    } catch (error) {
      failure = error;
    }
    this.#run.check(`call ${i} of ${kind}`, failure, () => {
      assert.ok(this.open.delete(i), 'it had settled before');
      if (failure === undefined) checkAnswer(call, answer);
      else checkError(call, failure, this);
    });
  }

  #post(dice, i) {
    let failure;
    try {
      const goOn = this.worker.post('note', payloadOf(dice, i, false));
      if (!goOn) this.#needsDrain = true;
    } catch (error) {
      failure = error;
    }
    if (failure) this.#run.check(`post ${i}`, failure, () => this.#checkRefusal(failure));
  }

  async #ping() {
    const result = await this.worker.ping().catch((error) => error);
    this.#run.check('ping', result, () => {
      if (result instanceof Error) this.#checkRefusal(result);
      else assert.equal(typeof result, 'number');
    });
  }

  /** Of what is neither tried again nor waits. */
  #checkRefusal({ name }) {
    if (name === 'WorkerCrashedError') assert.ok(this.isDeadly, 'nothing has killed a worker');
    else if (name === 'WorkerClosedError') assert.ok(this.isEnding, 'nobody has closed it');
    else assert.equal(name, 'OverloadedError');
  }

  // ---------------------------------------------------------------- deaths

  async #strike(dice) {
    const how = dice.weighted(STRIKES);
    await this.#pass(dice.int(0, 8));
    if (how !== 'stop') this.#noteDeath();
    if (how === 'stop') await this.#stop(dice);
    else if (how.startsWith('SIG')) this.#signal(how);
    else if (!this.#isOver()) await this.ask(how);
  }

  #noteDeath() {
    this.isDeadly = true;
    this.#run.deaths++;
    this.#note();
  }

  /** From none to 2^most turns of the loop, few as often as many. */
  async #pass(most) {
    for (let turns = 2 ** most - 1; turns > 0; turns--) await turn();
  }

  #signal(signal) {
    const { pid } = this.worker;
    if (pid !== undefined) process.kill(pid, signal);
    return pid;
  }

  async #stop(dice) {
    const pid = this.#signal('SIGSTOP');
    await this.#pass(dice.int(0, 8));
    if (pid !== undefined && pid === this.worker.pid) this.#signal('SIGCONT');
  }

  // ---------------------------------------------------------------- the end

  /** All is answered, and the worker is as it was. */
  async #drain(asking) {
    await Promise.all(asking);
    if (this.hasCrashed) return;
    await this.ask('echo');
    await this.#allIsDone();
    if (this.hasCrashed) return;
    const { worker } = this;
    await until(() => this.hasCrashed || worker.stats().queued === 0, 'nothing is queued');
    await until(() => this.hasCrashed || !this.#needsDrain, "'drain' is told");
    assert.equal(worker.stats().callsInFlight, 0);
  }

  async #end(how) {
    const { worker } = this;
    const kill = () => {
      this.#noteDeath();
      this.#signal('SIGKILL');
    };
    if (how === 'killThenEnd') {
      kill();
      await this.#pass(this.#dice.int(0, 12));
      how = this.#dice.pick(['shutdown', 'terminate']);
    }
    this.isEnding = true;
    const timeout = this.#dice.int(1, 200);
    const ended = how === 'terminate' ? worker.terminate() : worker.shutdown({ timeout });
    this.#doing.push(ended, worker.shutdown(), this.#ping());
    this.ask();
    this.#post(this.#dice, this.#run.asked);
    if (how === 'shutdownThenKill') {
      await this.#pass(this.#dice.int(0, 8));
      kill();
    }
    await ended;
  }

  #checkCounters() {
    const { worker } = this;
    const { callsSent, callsFailed, callsInFlight, queued } = worker.stats();
    assert.ok(['closed', 'crashed'].includes(worker.state), worker.state);
    assert.deepEqual([...this.open.keys()], []);
    assert.deepEqual([callsInFlight, queued], [0, 0]);
    assert.equal(callsSent, this.#answered + callsFailed);
  }
}

module.exports = { Act };
