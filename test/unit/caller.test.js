'use strict';

const assert = require('node:assert/strict');
const { Caller } = require('../../lib/caller');
const { MAX_SLOTS } = require('../../lib/call-table');
const { EVENT } = require('../../lib/frames');
const { HookedCalls } = require('../../lib/hooked-calls');
const { LastingCalls } = require('../../lib/lasting-calls');
const { Middleware } = require('../../lib/middleware');
const { DEFAULTS } = require('../../lib/options');
const { Outbox } = require('../../lib/outbox');

const WAS_RUNNING = 2;

/** A channel of which nothing is known but what was sent: [slot, generation], oldest first. */
function fakeChannel() {
  const sent = [];
  const note = (type, flags, method, slot, generation) => sent.push([slot, generation]);
  return {
    sent,
    queuedBytes: 0,
    send: note,
    sendWithBlock: note,
    sendKept: note,
    cancel() {},
    tellLate() {},
    isSent: () => true,
    ping: (slot, generation) => sent.push([slot, generation]),
    generation: (at) => at.generation,
    value: () => WAS_RUNNING,
    payload: (at) => at.payload,
  };
}

/** A caller whose peer serves 'echo', tried again so often. */
function callerOf({ retries = 0 } = {}) {
  const channel = fakeChannel();
  const outbox = new Outbox({ onDrained() {}, beforeEvent() {} });
  const lasting = new LastingCalls({ ...DEFAULTS, serializer: 'structured' }, { error() {} });
  const caller = new Caller({ refusal: () => new Error('no'), outbox, lasting, onOverdue() {} });
  caller.use(/** @type {any} */ (channel));
  caller.setMethods({ methods: new Map([['echo', 0]]), timeouts: [0], retries: [retries] });
  caller.isOpen = true;
  return { caller, outbox, lasting, channel };
}

const OVERLOADED = { code: 'ERR_HAWSER_OVERLOADED' };

describe('Caller', () => {
  it('holds the slot of a call that must end in its grace, also from a call that waited for it', async () => {
    const { caller, lasting, channel } = callerOf({ retries: 2 });
    const first = caller.send('echo', 1, { abort: 'terminate', timeout: 1000 });
    const second = caller.send('echo', 2);
    lasting.lose(caller.takeSent(), 'session', true);
    channel.sent.length = 0;
    lasting.open();
    const [[slot, generation]] = channel.sent.splice(0);
    caller.onAnswer(EVENT.TIMEOUT, slot, { generation });
    await assert.rejects(first, { code: 'ERR_HAWSER_TIMEOUT', phase: 'run' });
    const [[next, itsGeneration]] = channel.sent;
    assert.notEqual(next, slot);
    caller.onAnswer(EVENT.RESPONSE, next, { generation: itsGeneration, payload: 'second' });
    assert.equal(await second, 'second');
    caller.rejectAll(() => new Error('over'));
  });

  it('keeps nothing of calls that it has rejected', async () => {
    const { caller } = callerOf({ retries: 1 });
    const payload = Buffer.alloc(60 * 1024 * 1024);
    for (let i = 0; i < 6; i++) {
      const call = caller.send('echo', payload);
      caller.rejectAll(() => new Error(`left ${i}`));
      await assert.rejects(call, { message: `left ${i}` });
    }
  });

  it('refuses what would be one call too many, whichever way it comes', async () => {
    const { caller, outbox, channel } = callerOf();
    let open;
    const opened = new Promise((resolve) => (open = resolve));
    const middleware = new Middleware([() => opened]);
    const about = { caller, outbox, middleware, mostPosts: 1, report() {} };
    const late = new HookedCalls(about).send('echo', 1);
    const first = caller.send('echo', 0);
    for (let i = 1; i < MAX_SLOTS; i++) caller.send('echo', i).catch(() => {});
    await assert.rejects(caller.ping(0), OVERLOADED);
    open();
    await assert.rejects(late, OVERLOADED);
    await assert.rejects(caller.send('echo', 1), OVERLOADED);
    const [slot, generation] = channel.sent[0];
    caller.onAnswer(EVENT.RESPONSE, slot, { generation, payload: 'first' });
    assert.equal(await first, 'first');
    caller.send('echo', 1).catch(() => {});
    assert.equal(channel.sent.length, MAX_SLOTS + 1);
    assert.ok(channel.sent.every(([each]) => each < MAX_SLOTS));
    caller.rejectAll(() => new Error('over'));
  });
});
