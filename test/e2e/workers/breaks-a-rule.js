'use strict';

/* First in execArgv, so in place of hawser's own: starts, takes a call, and sends what is no frame. */

const { SocketPeer } = require('../../hostile/peer/socket-peer');

async function main() {
  const { fds } = JSON.parse(process.env.HAWSER_WORKER);
  const peer = SocketPeer.inherited(fds[0]);
  await peer.start();
  await peer.requests(1);
  peer.write(Buffer.alloc(64, 0xff));
  peer.stay();
}

main();
