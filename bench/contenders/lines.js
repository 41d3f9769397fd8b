'use strict';

const { spawn } = require('node:child_process');
const { EventEmitter, once } = require('node:events');
const { ProcessPipeAdapter } = require('../../lib/pipes.js');
const { onLine, toLine } = require('../peers/line-codec.js');

const PIECE = 64 * 1024; // characters, of lines that are joined by hand

/* Lines of JSON through `cat`. Each gives { values, write, flush, drained, stats, close }: `values` emits
 * 'value' for each object that comes back; write() is false where drained() is to be awaited. */

/** @param {{ by: 'pipe' | 'hand' | 'hand, joined' }} options */
module.exports = function create({ by }) {
  const values = new EventEmitter();
  const { close, ...sender } = by === 'pipe' ? byPipe(values) : byHand(values, by);
  return { values, sharesProcess: true, stats: () => ({ transport: 'stdio' }), ...sender, close };
};

function byPipe(values) {
  const adapter = new ProcessPipeAdapter('cat');
  const pipe = adapter.createDuplex({ objectMode: true });
  pipe.on('data', (value) => values.emit('value', value));
  return {
    write: (value) => pipe.write(value),
    flush() {},
    drained: () => once(pipe, 'drain'),
    close: () => once(pipe.end(), 'close'),
  };
}

function byHand(values, by) {
  const { stdin, stdout } = spawn('cat', { stdio: ['pipe', 'pipe', 'inherit'] });
  onLine(stdout, (value) => values.emit('value', value));
  const rest = {
    drained: () => once(stdin, 'drain'),
    close: () => Promise.all([once(stdout, 'close'), stdin.end()]),
  };
  if (by === 'hand') return { write: (value) => stdin.write(toLine(value)), flush() {}, ...rest };
  return { ...joining(stdin), ...rest };
}

/** What a program does that knows what a write costs. */
function joining(stdin) {
  let text = '';
  const flush = () => {
    const piece = text;
    text = '';
    return stdin.write(piece);
  };
  const write = (value) => {
    text += toLine(value);
    return text.length < PIECE || flush();
  };
  return { write, flush };
}
