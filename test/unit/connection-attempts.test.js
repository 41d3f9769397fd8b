'use strict';

const assert = require('node:assert/strict');
const { ConnectionAttempts, delayOf } = require('../../lib/connection-attempts');

const NEVER = () => assert.fail('no further attempt is due');

describe('delayOf', () => {
  it('is base * 2^attempt and a jitter of 0 to 100 ms, at most maxDelay', () => {
    const connection = { delay: 100, maxDelay: 1000 };
    for (const [attempt, least] of [100, 200, 400, 800].entries()) {
      const seen = Array.from({ length: 200 }, () => delayOf(connection, attempt));
      for (const ms of seen) assert.ok(ms >= least && ms <= Math.min(least + 100, 1000), `${ms}`);
      assert.ok(new Set(seen).size > 1, 'there is a jitter');
    }
    for (const attempt of [4, 50, 5000]) assert.equal(delayOf(connection, attempt), 1000);
  });

  it('is what the function says, which hears the number of the attempt', () => {
    const heard = [];
    const connection = { delay: (attempt) => heard.push(attempt) * 7000, maxDelay: 1 };
    assert.deepEqual([delayOf(connection, 0), delayOf(connection, 1)], [7000, 14_000]);
    assert.deepEqual(heard, [0, 1]);
  });

  for (const value of [NaN, Infinity, -1, '100', undefined, 5n]) {
    it(`refuses a function that says ${String(value)} (${typeof value})`, () => {
      const connection = { delay: () => value, maxDelay: 1 };
      const expected = { name: 'TypeError', message: new RegExp(`got: ${String(value)}$`) };
      assert.throws(() => delayOf(connection, 0), expected);
    });
  }
});

describe('ConnectionAttempts', () => {
  const connection = { attempts: 3, delay: () => 0, maxDelay: 0 };

  it('tries so often, and tells the last failure', async () => {
    let made = 0;
    const error = await new Promise((resolve) => {
      const attempt = () => {
        throw Object.assign(new Error(`failure ${++made}`), { code: 'ECONNREFUSED' });
      };
      new ConnectionAttempts(connection, attempt, resolve).start();
    });
    assert.equal(made, 3);
    assert.equal(error.message, 'Failed to connect after 3 attempts: failure 3');
    assert.deepEqual([error.code, error.cause.message], ['ECONNREFUSED', 'failure 3']);
  });

  it('gives up at once where the delay cannot be had', async () => {
    for (const delay of [() => NaN, () => assert.fail('thrown by the user')]) {
      let made = 0;
      const error = await new Promise((resolve) => {
        const attempt = () => {
          made++;
          throw new Error('no');
        };
        new ConnectionAttempts({ ...connection, delay }, attempt, resolve).start();
      });
      assert.equal(made, 1);
      assert.match(error.message, /^Delay function must|^thrown by the user/);
    }
  });

  it('makes no attempt once it is stopped', async () => {
    const attempts = new ConnectionAttempts(connection, () => {}, NEVER);
    attempts.start();
    attempts.failed(new Error('no'));
    attempts.stop();
    attempts.failed(new Error('late'));
    const other = new ConnectionAttempts(connection, NEVER, NEVER);
    other.stop();
    other.start();
    await new Promise((resolve) => setTimeout(resolve, 5));
  });
});
