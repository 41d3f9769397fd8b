'use strict';

/**
 * A worker process that is not ours: node runs this file in place of the bootstrap, because it
 * stands first in execArgv. argv: the bootstrap, the script, topic, behaviour.
 */

const { RingPeer } = require('./peer/ring-peer');
const { SocketPeer } = require('./peer/socket-peer');

if (process.env.HAWSER_WORKER === undefined) throw new Error('not started by createWorker');

const [topic, behaviour, ...details] = process.argv.slice(4);
const { fds } = JSON.parse(process.env.HAWSER_WORKER);
const peer = fds.length === 1 ? SocketPeer.inherited(fds[0]) : new RingPeer(fds);

require(`./behaviours/${topic}`)[behaviour](peer, ...details);
