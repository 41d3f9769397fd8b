'use strict';

exports.toLine = (message) => `${JSON.stringify(message)}\n`;

/** @param {import('node:net').Socket} socket  @param {(message: any) => void} listener */
exports.onLine = (socket, listener) => {
  let rest = '';
  socket.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) listener(JSON.parse(line));
  });
};
