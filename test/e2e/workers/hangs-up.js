'use strict';

/* First in execArgv, so in place of hawser's own: starts, takes a call, hangs up, and stays. */

const { SocketPeer } = require('../../hostile/peer/socket-peer');

async function main() {
  const { fds } = JSON.parse(process.env.HAWSER_WORKER);
  const peer = SocketPeer.inherited(fds[0]);
  await peer.start();
  await peer.requests(1);
  peer.stay();
  peer.hangUp();
}

main();
