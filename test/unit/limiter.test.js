'use strict';

const assert = require('node:assert/strict');
const { setImmediate: turn } = require('node:timers/promises');
const { HandlerContext } = require('../../lib/handler-context');
const { Limiter } = require('../../lib/limiter');
const { NEVER } = require('../../lib/frames');

/** Of a call that came so long ago, and may take so long. */
function contextOf(ago, timeout) {
  const call = { oneWay: false, isCancelled: false };
  call.server = { isGivenUp: () => call.isCancelled };
  return { call, context: new HandlerContext('type', call, Date.now() - ago, timeout) };
}

describe('maxConcurrency', () => {
  it('leaves it to the caller to say that its time is over, and starts who comes next', async () => {
    const started = [];
    let release;
    const handler = new Limiter(1).wrap((name) => {
      started.push(name);
      return name === 'first' ? new Promise((resolve) => (release = resolve)) : name;
    });
    handler('first', contextOf(0, NEVER).context);
    const { call, context } = contextOf(100, 50);
    let failure;
    handler('late', context).catch((error) => (failure = error));
    const next = handler('next', contextOf(100, 1_000_000).context);
    release();
    assert.equal(await next, 'next');
    await turn();
    assert.deepEqual(started, ['first', 'next']);
    assert.equal(failure, undefined);
    call.isCancelled = true;
    HandlerContext.abort(context);
    await turn();
    assert.equal(failure.name, 'AbortError');
    assert.deepEqual(started, ['first', 'next']);
  });
});
