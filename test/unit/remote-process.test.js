'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { spawn } = require('node:child_process');
const { RemoteProcess } = require('../../lib/remote-process');

describe('RemoteProcess', () => {
  it('that is to end is over with its connection, whatever that was', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const exit = once(child, 'exit');
    let exits = 0;
    const remote = new RemoteProcess({ onExit: () => exits++ });
    remote.connected(child.pid);
    const ended = remote.killInSteps();
    remote.disconnected();
    await ended;
    assert.deepEqual([exits, remote.pid], [1, undefined]);
    assert.deepEqual(await exit, [null, 'SIGTERM']);
  });
});
