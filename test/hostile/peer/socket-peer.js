'use strict';

const { Socket } = require('node:net');
const { Peer } = require('./peer');

/** Speaks over a socket. */
class SocketPeer extends Peer {
  /** @param {Socket} socket */
  constructor(socket) {
    super();
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      this.reader.push(bytes);
      this.wake();
    });
  }

  static inherited(fd) {
    return new SocketPeer(new Socket({ fd, readable: true, writable: true, allowHalfOpen: true }));
  }

  pull() {
    return false;
  }

  join() {
    this.socket.write('S');
  }

  /** @param {Buffer | string} bytes any at all */
  write(bytes) {
    return this.socket.write(bytes);
  }

  /** Write and wait until the kernel has it. */
  async writeAll(bytes) {
    await new Promise((resolve) => this.socket.write(bytes, resolve));
  }

  /** Close the socket once what was written is out. */
  hangUp() {
    this.socket.end(() => this.socket.destroy());
  }
}

module.exports = { SocketPeer };
