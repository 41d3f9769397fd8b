'use strict';

const assert = require('node:assert/strict');
const { starter } = require('./started');

describe('the context of a handler', () => {
  const start = starter();

  it('has a tx of its own for every call and every post', async () => {
    const worker = await start('tells-context.js');
    const calls = await Promise.all([1, 2, 3].map(() => worker.send('tell')));
    calls.push(await worker.send('tell'));
    for (let i = 0; i < 3; i++) worker.post('note');
    const posts = await worker.send('told');
    assert.equal(posts.length, 3);
    assert.equal(new Set([...calls, ...posts].map(({ tx }) => tx)).size, 7);
  });

  it('has the type that was asked for', async () => {
    const worker = await start('tells-context.js');
    assert.equal((await worker.send('tell')).type, 'tell');
  });

  it('has no deadline where nobody gives up: in a post, and with the timeout 0', async () => {
    const worker = await start('tells-context.js');
    assert.equal((await worker.send('tell', null, { timeout: 0 })).deadline, undefined);
    worker.post('note');
    const [post] = await worker.send('told');
    assert.equal(post.deadline, undefined);
    assert.equal(typeof (await worker.send('tell')).deadline, 'number');
  });

  it('is an async resource that is destroyed', async () => {
    const worker = await start('counts-contexts.js', { execArgv: ['--expose-gc'] });
    await Promise.all(Array.from({ length: 500 }, (_, i) => worker.send('echo', i)));
    const alive = await worker.send('alive');
    assert.ok(alive < 250, `${alive} of 501 are alive`);
  });
});
