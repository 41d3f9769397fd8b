'use strict';

/* For programs that are first in execArgv, so in place of hawser's own. */

const { SocketPeer } = require('../../hostile/peer/socket-peer');

/** Starts as a worker does, takes a call, and then misbehaves. @param {(peer: any) => void} misbehave */
module.exports = async function startThen(misbehave) {
  const { fds } = JSON.parse(process.env.HAWSER_WORKER);
  const peer = SocketPeer.inherited(fds[0]);
  await peer.start();
  await peer.requests(1);
  peer.stay();
  misbehave(peer);
};
