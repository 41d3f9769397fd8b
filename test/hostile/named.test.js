'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { promisify } = require('node:util');
const { connectWorker, createWorker } = require('hawser');
const { knockAt, knockOf, namedStarter, tokenAt } = require('../e2e/named');
const { until } = require('../e2e/processes');
const { fixture } = require('../e2e/started');

const run = promisify(execFile);
const script = fixture('verbs.js');
/** Only root can be somebody else. */
const itAsRoot = process.getuid() === 0 ? it : () => {};
const NOBODY = 65_534;
const MAX_PATH = process.platform === 'linux' ? 107 : 103;
const ONCE = { connection: { attempts: 1 } };
const SENDER = path.join(__dirname, 'sends-descriptors.py');

const errorOf = (promise) =>
  promise.then(
    () => assert.fail('it resolved'),
    (error) => error,
  );
const filesAt = (socketPath) => fs.readdirSync(path.dirname(socketPath)).sort();
const descriptorsOf = (pid) => fs.readdirSync(`/proc/${pid}/fd`).length;

describe('a path of a socket', () => {
  const { place, create, listen, connect } = namedStarter();

  it('that is none, or has no name of its own, is refused by its name (F1)', async () => {
    const bad = ['', 5, null, '/tmp/a\0b', '/tmp/', 'lone \ud800', `/${'x'.repeat(MAX_PATH)}`];
    for (const socketPath of bad) {
      for (const start of [createWorker, connectWorker]) {
        const options = start === createWorker ? { script, socketPath } : { socketPath };
        const error = await errorOf(start(options));
        assert.ok(['TypeError', 'RangeError'].includes(error.name), String(error));
        assert.match(error.message, /'socketPath'/);
      }
    }
  });

  it('may be as long as the system allows, and no byte of it is lost (F1)', async () => {
    const folder = path.dirname(place());
    const socketPath = path.join(folder, 'é'.repeat(MAX_PATH).slice(0, (MAX_PATH - folder.length - 1) >> 1)); // prettier-ignore
    const worker = await create(socketPath.padEnd(socketPath.length + ((MAX_PATH - Buffer.byteLength(socketPath)) & 1), 'x')); // prettier-ignore
    assert.equal(await worker.send('echo', 1), 1);
    const [name] = fs.readdirSync(folder);
    assert.equal(Buffer.byteLength(path.join(folder, name)), MAX_PATH);
    const longer = await errorOf(createWorker({ script, socketPath: `${folder}/${name}x` }));
    assert.match(longer.message, new RegExp(`of ${MAX_PATH + 1} bytes is too long`));
  });

  for (const what of ['a file', 'a folder', 'a link', 'a socket of somebody else']) {
    it(`at which there is ${what} is in use, and what is there stays (F2)`, async () => {
      const socketPath = place();
      let server;
      if (what === 'a file') fs.writeFileSync(socketPath, 'precious');
      else if (what === 'a folder') fs.mkdirSync(socketPath);
      else if (what === 'a link') fs.symlinkSync('nowhere', socketPath);
      else await once((server = net.createServer()).listen(socketPath), 'listening');
      const before = fs.lstatSync(socketPath);
      const error = await errorOf(create(socketPath, { stdio: 'ignore' }));
      assert.deepEqual([error.code, error.cause.code], ['ERR_HAWSER_START', 'EADDRINUSE']);
      const { ino, size } = fs.lstatSync(socketPath);
      assert.deepEqual([ino, size], [before.ino, before.size]);
      server?.close();
    });
  }

  it('at which a worker has died is taken over (F2)', async () => {
    const socketPath = place();
    const program = await listen(socketPath);
    process.kill(program.pid, 'SIGKILL');
    await program.exit;
    assert.deepEqual(filesAt(socketPath), ['socket', 'socket.token']);
    const worker = await create(socketPath);
    assert.equal(await worker.send('echo', 1), 1);
    await worker.disconnect();
    assert.equal(await (await connect(socketPath)).send('echo', 2), 2);
  });

  itAsRoot('at which another user has died is in use (F2)', async () => {
    const socketPath = place();
    const program = await listen(socketPath);
    process.kill(program.pid, 'SIGKILL');
    await program.exit;
    fs.chownSync(socketPath, NOBODY, NOBODY);
    const error = await errorOf(create(socketPath, { stdio: 'ignore' }));
    assert.equal(error.cause.code, 'EADDRINUSE');
  });

  it('in a folder that others can change is refused (F3)', async () => {
    const socketPath = place();
    for (const mode of [0o777, 0o770, 0o702]) {
      fs.chmodSync(path.dirname(socketPath), mode);
      const error = await errorOf(create(socketPath, { stdio: 'ignore' }));
      assert.equal(error.cause.code, 'EPERM');
      assert.match(error.message, /others own its folder or can change it/);
      assert.deepEqual(filesAt(socketPath), []);
    }
    fs.chmodSync(path.dirname(socketPath), 0o1777); // as /tmp: nobody can rename what is ours
    assert.equal(await (await create(socketPath)).send('echo', 1), 1);
  });

  itAsRoot('in a folder of another user is refused (F3)', async () => {
    const socketPath = place();
    fs.chownSync(path.dirname(socketPath), NOBODY, NOBODY);
    const error = await errorOf(create(socketPath, { stdio: 'ignore' }));
    assert.equal(error.cause.code, 'EPERM');
  });

  for (const umask of [0, 0o077, 0o777]) {
    it(`is for this user alone with the umask 0${umask.toString(8)} (F8)`, async () => {
      const socketPath = path.join(path.dirname(place()), 'new', 'socket');
      await listen(socketPath, { umask });
      const modeOf = (file) => fs.statSync(file).mode & 0o777;
      assert.deepEqual([modeOf(path.dirname(socketPath)), modeOf(socketPath)], [0o700, 0o600]);
      assert.equal(modeOf(`${socketPath}.token`), 0o600);
      assert.equal(await (await connect(socketPath)).send('echo', 1), 1);
    });
  }
});

describe('who knocks at a worker', () => {
  const { place, listen, connect } = namedStarter();

  itAsRoot('as another user is told so, from either side (F4)', async () => {
    const socketPath = place();
    fs.chownSync(path.dirname(socketPath), NOBODY, NOBODY);
    const program = await listen(socketPath, { uid: NOBODY });
    const error = await errorOf(connect(socketPath));
    assert.equal(error.code, 'ERR_HAWSER_HANDSHAKE');
    assert.match(error.message, /runs as another user/);
    const guest = await knockAt(socketPath, knockOf(tokenAt(socketPath)));
    assert.equal(await guest.ended, 'U'); // P3.15
    process.kill(program.pid, 0);
  });

  it('without the token is refused, and the host that has it is let in (F5)', async () => {
    const socketPath = place();
    await listen(socketPath);
    const token = tokenAt(socketPath);
    const wrong = Buffer.from(token);
    wrong[31] ^= 1;
    for (const bad of [wrong, Buffer.alloc(32), token.subarray(1)]) {
      const guest = await knockAt(socketPath, knockOf(bad));
      assert.equal(await guest.ended, 'T'); // P3.15, P3.16
    }
    assert.equal(await (await connect(socketPath)).send('echo', 1), 1);
  });

  it('with a token that has served is refused (F5)', async () => {
    const socketPath = place();
    await listen(socketPath);
    const token = tokenAt(socketPath);
    const worker = await connect(socketPath);
    const during = await knockAt(socketPath, knockOf(token));
    assert.equal(await during.ended, 'B');
    await worker.disconnect();
    assert.notDeepEqual(tokenAt(socketPath), token);
    const after = await knockAt(socketPath, knockOf(token));
    assert.equal(await after.ended, 'T');
  });

  it('is not trusted with a token that others can read (F5)', async () => {
    const socketPath = place();
    await listen(socketPath);
    fs.chmodSync(`${socketPath}.token`, 0o644);
    const error = await errorOf(connect(socketPath, ONCE));
    assert.equal(error.code, 'ERR_HAWSER_HANDSHAKE');
    assert.match(error.message, /does not know the token/);
  });

  const garbage = {
    'an HTTP request': Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n'),
    'another magic': Buffer.from(knockOf()).fill('X', 0, 1),
    'two segments': knockOf(Buffer.alloc(32), 2),
    'segments that do not come': knockOf(Buffer.alloc(32), 3),
  };
  for (const [what, bytes] of Object.entries(garbage)) {
    it(`with ${what} is no host: closed without a word (W1, P3.14)`, async () => {
      const socketPath = place();
      await listen(socketPath);
      const guest = await knockAt(socketPath, bytes);
      assert.equal(await guest.ended, '');
      assert.equal(await (await connect(socketPath)).send('echo', 1), 1);
    });
  }

  it('and says nothing, many times, keeps nobody out (F6)', async () => {
    const socketPath = place();
    const program = await listen(socketPath);
    const before = descriptorsOf(program.pid);
    const guests = [];
    for (let i = 0; i < 300; i++) guests.push(await knockAt(socketPath, knockOf().subarray(0, 39)));
    assert.ok(descriptorsOf(program.pid) <= before + 70, 'few are heard at a time');
    const worker = await connect(socketPath);
    assert.equal(await worker.send('echo', 1), 1);
    for (const guest of guests) guest.destroy();
    await until(() => descriptorsOf(program.pid) <= before + 5, 'all are let go');
  });

  it('when no descriptor is left is sent away, and let in later (F6)', async () => {
    const socketPath = place();
    const program = await listen(socketPath, { disconnectBehavior: 'keep-alive' });
    const first = await connect(socketPath, { transport: 'socket' });
    await first.send('exhaust', 1);
    await first.disconnect();
    const guests = [];
    for (let i = 0; i < 20; i++) guests.push(await knockAt(socketPath));
    await Promise.all(guests.slice(3).map((guest) => guest.ended)); // shed, one by one
    for (const guest of guests) guest.destroy();
    const worker = await connect(socketPath, { transport: 'socket' });
    assert.equal(await worker.send('echo', 1), 1);
    process.kill(program.pid, 0);
  });

  it('with segments for which no descriptor is left is served on the socket (R1)', async () => {
    const socketPath = place();
    await listen(socketPath);
    const first = await connect(socketPath, { transport: 'socket' });
    await first.send('exhaust', 1);
    await first.disconnect();
    const worker = await connect(socketPath);
    assert.equal(worker.transport, 'socket');
    assert.equal(await worker.send('echo', 1), 1);
    const error = await worker.disconnect().then(() => errorOf(connect(socketPath, { transport: 'shm' }))); // prettier-ignore
    assert.equal(error.code, 'ERR_HAWSER_UNSUPPORTED');
  });

  for (const [what, pieces] of Object.entries({
    'one descriptor with the first byte': ['token', 1],
    'all that fit with the first byte': ['token', 253],
    'four where three are announced': ['token3', 4],
    'one with each piece of the knock': ['first', 1, 'second', 1],
  })) {
    it(`and sends ${what} unasked is no host, and none of them stays (W20)`, async () => {
      const socketPath = place();
      const program = await listen(socketPath);
      const before = descriptorsOf(program.pid);
      const token = tokenAt(socketPath);
      const texts = {
        token: knockOf(token).toString('hex'),
        token3: knockOf(token, 3).toString('hex'),
        first: knockOf(token).subarray(0, 10).toString('hex'),
        second: knockOf(token).subarray(10).toString('hex'),
      };
      const args = pieces.map((piece) => texts[piece] ?? String(piece));
      const { stdout } = await run('python3', [SENDER, socketPath, ...args]);
      assert.equal(stdout.trim(), '');
      await until(() => descriptorsOf(program.pid) === before, 'none of them stays');
      assert.equal(await (await connect(socketPath)).send('echo', 1), 1);
    });
  }

  it('and sends descriptors behind its knock leaves none of them there (W20)', async () => {
    const socketPath = place();
    const program = await listen(socketPath);
    const before = descriptorsOf(program.pid);
    const knock = knockOf(tokenAt(socketPath)).toString('hex');
    const { stdout } = await run('python3', [SENDER, socketPath, knock, '0', 'ff'.repeat(64), '9']);
    assert.match(stdout, /^53/); // let in, and then no speaker of the protocol
    await until(() => descriptorsOf(program.pid) === before, 'none of them stays');
    assert.equal(await (await connect(socketPath)).send('echo', 1), 1);
  });

  for (const [what, leave] of Object.entries({
    'with the answer unread': (host) => host.destroy(),
    'behind the first byte': async (host) => {
      await until(() => host.received.length > 0, 'it is let in');
      host.destroy();
    },
    'in the middle of a HELLO': async (host) => {
      await until(() => host.received.length > 0, 'it is let in');
      host.write(Buffer.alloc(20));
      host.destroy();
    },
  })) {
    it(`and leaves ${what} does no harm (F9)`, async () => {
      const socketPath = place();
      const program = await listen(socketPath);
      const host = await knockAt(socketPath, knockOf(tokenAt(socketPath)));
      await leave(host);
      const worker = await connect(socketPath, { connection: { attempts: 20 } });
      assert.equal(await worker.send('echo', 1), 1);
      process.kill(program.pid, 0);
    });
  }

  it('and closes one half of the connection is gone (F10)', async () => {
    const socketPath = place();
    await listen(socketPath);
    const host = await knockAt(socketPath, knockOf(tokenAt(socketPath)));
    await until(() => host.received.length > 0, 'it is let in');
    host.end();
    await host.ended;
    assert.equal(await (await connect(socketPath)).send('echo', 1), 1);
  });
});

describe('connectWorker to what is no worker', () => {
  const { place } = namedStarter();
  const servers = [];
  afterEach(() => servers.splice(0).forEach((server) => server.close()));

  const cases = {
    'closes at once': [(peer) => peer.destroy(), 'ERR_HAWSER_START', /connection was closed/],
    'closes one half': [(peer) => peer.end(), 'ERR_HAWSER_START', /connection was closed/],
    'speaks HTTP': [(peer) => peer.write('HTTP/1.1 400'), 'ERR_HAWSER_START', /P3\.0/],
    'lets it in and closes': [
      (peer) => peer.end('S'),
      'ERR_HAWSER_START',
      /closed the connection before it was ready/,
    ],
    'claims rings where there are none': [(peer) => peer.write('R'), 'ERR_HAWSER_START', /P3\.0/],
    'has a host': [(peer) => peer.end('B'), 'ERR_HAWSER_HANDSHAKE', /another host/],
  };
  for (const [what, [behave, code, message]] of Object.entries(cases)) {
    it(`but ${what} rejects`, async () => {
      const socketPath = place();
      const server = net.createServer({ allowHalfOpen: true }, (peer) => {
        peer.on('error', () => {});
        peer.once('data', () => behave(peer));
      });
      servers.push(server);
      await once(server.listen(socketPath), 'listening');
      const connection = { attempts: 2, delay: () => 1 };
      const options = { socketPath, transport: 'socket', connection };
      const error = await errorOf(connectWorker(options));
      assert.equal(error.code, code, error.stack);
      assert.match(error.message, message);
    });
  }
});
