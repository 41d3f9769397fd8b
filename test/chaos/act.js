'use strict';

const assert = require('node:assert/strict');
const { getEventListeners } = require('node:events');
const { isGone, until } = require('../e2e/processes');
const { WEIGHTS, attemptsOf, checkAnswer, checkError, typeOf } = require('./kinds');
const { callOf } = require('./calls');
const { async, sync } = require('./middleware');
const { payloadOf } = require('./payloads');
const { pass } = require('./turns');

const AT_ONCE = 64;
const BURST = 300;
/** Of all calls come with one. */
const SHARES = {
  strike: 1 / 3000,
  burst: 1 / 2000,
  post: 1 / 10,
  notify: 1 / 20,
  ping: 1 / 500,
  abort: 1 / 30,
  abortMany: 1 / 1000,
  use: 1 / 2000,
  separate: 1 / 1500,
};
const STRIKES = {
  SIGKILL: 10,
  SIGTERM: 0.5,
  stop: 2,
  exit: 3,
  kill: 2,
  poison: 1,
  exitOf: 4,
  answerAndExit: 4,
  stay: 2,
  loop: 1,
};
const ENDS = { drain: 3, shutdown: 2, terminate: 2, shutdownThenKill: 1, killThenEnd: 3 };

/** One worker under fire: calls, and what is done to it, until it has ended and all have settled. */
class Act {
  #run;
  #dice;
  #most; // the number of its last call, unless it crashes before
  #answered = 0;
  #isNamed; // so that it can be left, and joined again
  #isBinary; // what its serializer carries
  #needsDrain = false;
  #reachEnd;
  #atEnd = new Promise((resolve) => (this.#reachEnd = resolve));
  #doing = []; // promises of what goes on beside the calls
  #pids = new Set();
  #signals = new Set(); // that did not abort
  /** Calls that have not settled, by number. */
  open = new Map();
  isDeadly = false;
  isEnding = false;
  isSeparated = false; // or was
  #isSeparating = false;
  /** @type {AbortController} whose signal several calls share */
  shared;

  /** @param {import('./run').Run} run @param {any} worker @param {object} options it was made with */
  constructor(run, worker, options) {
    this.#run = run;
    this.#dice = run.dice;
    this.#most = Math.min(run.calls, run.asked + this.#dice.int(4000, 14_000));
    this.worker = worker;
    this.#isNamed = options.socketPath !== undefined;
    this.#isBinary = options.serializer !== 'json';
    this.attemptsOf = (type) => attemptsOf(options, type);
    this.shared = new AbortController();
    worker.on('drain', () => (this.#needsDrain = false));
    worker.on('ready', () => this.#note());
    worker.events.on('told', (i) => this.#hear(i));
    // Listeners call, too: in the midst of what the worker does about a death.
    for (const event of ['restart', 'exit', 'ready', 'state'])
      worker.on(event, () => this.#isOver() || this.ask());
    this.#note();
  }

  async play() {
    const asking = Array.from({ length: AT_ONCE }, (_, n) => this.#askOnAndOn(n === 0));
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

  check(what, failure, holds) {
    this.#run.check(what, failure, holds);
  }

  // ---------------------------------------------------------------- calls

  /** Few ask a worker that has been left. */
  async #askOnAndOn(isBold) {
    const isLeft = () => ['disconnected', 'connecting'].includes(this.worker.state);
    while (!this.#isOver()) {
      if (isLeft()) await pass(4);
      if (isBold || !isLeft()) await this.ask();
    }
  }

  /** Makes a call, and by chance more; resolves when it has settled, well or not. */
  ask(kind) {
    const i = this.#run.asked++;
    const dice = this.#run.diceOf(i);
    this.#doBeside(dice, i);
    const call = callOf(kind ?? dice.weighted(WEIGHTS), {
      i,
      dice,
      act: this,
      isBinary: this.#isBinary,
      isAborted: dice.chance(SHARES.abort),
    });
    const settled = this.#settle(call);
    this.#doing.push(settled);
    if (call.controller) this.#doing.push(this.#abort(call.controller, dice));
    else if (call.signal) this.#signals.add(call.signal);
    return settled;
  }

  #doBeside(dice, i) {
    const does = (what) => dice.chance(SHARES[what]);
    if (does('post'))
      this.#say(`post ${i}`, () => this.worker.post('note', payloadOf(dice, i, false)));
    if (does('notify')) this.#say(`event ${i}`, () => this.worker.notify('told', i));
    if (does('ping')) this.#doing.push(this.#ping());
    if (does('strike')) this.#doing.push(this.#strike(dice));
    if (does('separate')) this.#doing.push(this.#separate(dice));
    if (does('use')) this.#doing.push(this.#use(dice));
    if (does('abortMany')) this.#doing.push(this.#abortMany(dice));
    if (does('burst')) for (let n = 0; n < BURST && !this.#isOver(); n++) this.ask();
  }

  async #settle(call) {
    const { i, kind, sent, options } = call;
    this.open.set(i, call);
    let answer;
    let failure;
    try {
      answer = await this.worker.send(typeOf(kind), sent, options);
      this.#answered++;
    } catch (error) {
      failure = error;
    }
    this.check(`call ${i} of ${kind}`, failure, () => {
      assert.ok(this.open.delete(i), 'it had settled before');
      call.hasSettled = true;
      if (failure === undefined) checkAnswer(call, answer);
      else checkError(call, failure, this);
    });
  }

  /** An event of call `i` of this worker, or of one that has died since. */
  #hear(i) {
    const call = this.open.get(i);
    if (call) call.told++;
  }

  /** One way. */
  #say(what, say) {
    let failure;
    try {
      if (!say()) this.#needsDrain = true;
    } catch (error) {
      failure = error;
    }
    if (failure) this.check(what, failure, () => this.#checkRefusal(failure));
  }

  async #ping() {
    const result = await this.worker.ping().catch((error) => error);
    this.check('ping', result, () => {
      if (result instanceof Error) this.#checkRefusal(result);
      else assert.equal(typeof result, 'number');
    });
  }

  /** Of what is neither tried again nor waits. */
  #checkRefusal({ name }) {
    if (name === 'WorkerCrashedError') assert.ok(this.isDeadly, 'nothing has killed a worker');
    else if (name === 'WorkerClosedError')
      assert.ok(this.isEnding || this.isSeparated, 'nobody has closed it');
    else assert.equal(name, 'OverloadedError');
  }

  async #use(dice) {
    const remove = this.worker.use(dice.pick([sync, async]));
    await pass(dice.int(0, 8));
    remove();
  }

  // ---------------------------------------------------------------- aborts

  /** Whoever aborts need not wait for anything. */
  async #abort(controller, dice) {
    await pass(dice.int(0, 6));
    controller.abort(new Error('aborted by chance'));
    await pass(1);
    this.check('after an abort', undefined, () => {
      for (const { i, signal } of this.open.values())
        assert.ok(signal !== controller.signal, `call ${i} is open`);
    });
  }

  async #abortMany(dice) {
    const controller = this.shared;
    this.shared = new AbortController();
    await this.#abort(controller, dice);
  }

  // ---------------------------------------------------------------- deaths

  async #strike(dice) {
    const how = dice.weighted(STRIKES);
    await pass(dice.int(0, 8));
    if (how === 'stop') return this.#stop(dice);
    this.#noteDeath();
    if (how.startsWith('SIG')) this.#signal(how);
    else if (!this.#isOver()) await this.ask(how);
  }

  #noteDeath() {
    this.isDeadly = true;
    this.#run.deaths++;
    this.#note();
  }

  #signal(signal) {
    const { pid } = this.worker;
    if (pid !== undefined) process.kill(pid, signal);
    return pid;
  }

  async #stop(dice) {
    const pid = this.#signal('SIGSTOP');
    await pass(dice.int(0, 8));
    if (pid !== undefined && pid === this.worker.pid) this.#signal('SIGCONT');
  }

  /** Leaves the worker alone, and joins it again. */
  async #separate(dice) {
    if (this.#isOver() || this.#isSeparating || !this.#isNamed) return;
    this.#isSeparating = this.isSeparated = true;
    const leaving = this.#checkSeparation(this.worker.disconnect());
    await pass(dice.int(0, 8));
    await this.#checkSeparation(this.worker.reconnect());
    await leaving;
    if (!this.isEnding) assert.notEqual(this.worker.state, 'disconnected');
    this.#isSeparating = false;
  }

  async #checkSeparation(done) {
    const error = await done.then(
      () => null,
      (reason) => reason,
    );
    if (error === null) return;
    this.check('a separation', error, () => {
      if (error.name !== 'WorkerStartError') this.#checkRefusal(error);
      else assert.ok(this.isDeadly || this.isEnding, 'nothing has killed a worker');
    });
  }

  // ---------------------------------------------------------------- the end

  /** All is answered, and the worker is as it was. */
  async #drain(asking) {
    await Promise.all(asking);
    if (!this.hasCrashed) await this.ask('echo');
    await this.#allIsDone();
    const { worker } = this;
    const untilAlive = (holds, what) => until(() => this.hasCrashed || holds(), what);
    await untilAlive(() => worker.stats().queued === 0, 'nothing is queued');
    await untilAlive(() => worker.stats().callsInFlight === 0, 'nothing is in flight');
    await untilAlive(() => !this.#needsDrain, "'drain' is told");
  }

  async #end(how) {
    const { worker } = this;
    const kill = () => {
      this.#noteDeath();
      this.#signal('SIGKILL');
    };
    if (how === 'killThenEnd') {
      kill();
      await pass(this.#dice.int(0, 12));
      how = this.#dice.pick(['shutdown', 'terminate']);
    }
    this.isEnding = true;
    const timeout = this.#dice.int(1, 200);
    const ended = how === 'terminate' ? worker.terminate() : worker.shutdown({ timeout });
    this.#doing.push(ended, worker.shutdown(), this.#ping());
    this.ask();
    this.#say('post', () => worker.post('note'));
    if (how === 'shutdownThenKill') {
      await pass(this.#dice.int(0, 8));
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
    for (const signal of this.#signals) assert.deepEqual(getEventListeners(signal, 'abort'), []);
  }
}

module.exports = { Act };
