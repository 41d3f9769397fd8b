'use strict';

const { once } = require('node:events');
const net = require('node:net');
const { echoSmall, smallObject, verify } = require('../measure.js');

module.exports = {
  name: 'neighbour',
  title: 'What else the process gets done while calls run one at a time',
  baseline: 'hawser-spin-0',
  contenders: ['hawser', 'hawser-spin-0', 'worker-threads'],
  figures: [
    { key: 'ticks', title: '1 ms ticks/s', better: 'higher', keep: 0.95 },
    { key: 'turns', title: 'socket echoes/s', better: 'higher', keep: 0.8 },
    { key: 'calls', title: 'calls/s', better: 'higher' },
  ],

  async run(create, { neighbourMs }) {
    const peer = await create();
    await verify(peer, () => smallObject(0));
    const echo = await startEcho();
    let ticks = 0;
    const ticking = setInterval(() => (ticks += 1), 1);
    const start = performance.now();
    let calls = 0;
    while (performance.now() - start < neighbourMs) await echoSmall(peer, calls++);
    const seconds = (performance.now() - start) / 1000;
    const turns = echo.stop();
    clearInterval(ticking);
    await peer.close();
    return { ticks: ticks / seconds, turns: turns / seconds, calls: calls / seconds };
  },
};

/** A byte that goes back and forth over a local socket, both ends in this process. */
async function startEcho() {
  let turns = 0;
  const server = net.createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = net.connect(server.address().port, '127.0.0.1').setNoDelay();
  client.on('data', (byte) => {
    turns += 1;
    client.write(byte);
  });
  await once(client, 'connect');
  client.write('.');
  return {
    stop() {
      client.removeAllListeners('data').resume().end(); // a destroyed socket would reset the other end
      server.close();
      return turns;
    },
  };
}
