'use strict';

/** What the tests of pipes do with the two ends of one. */

const { once } = require('node:events');

/** Both ways through a pair. @param {{ near: any, far: any }} pair @param {string} direction */
function along({ near, far }, direction) {
  return direction === 'near to far' ? { from: near, to: far } : { from: far, to: near };
}

const DIRECTIONS = ['near to far', 'far to near'];

/** @param {import('node:stream').Writable} pipe  @param {Iterable<any>} chunks, with all due respect */
async function pour(pipe, chunks) {
  for (const chunk of chunks) if (!pipe.write(chunk)) await once(pipe, 'drain');
}

/** All that comes until the end. @param {import('node:stream').Readable} pipe */
async function collect(pipe) {
  const chunks = [];
  for await (const chunk of pipe.iterator({ destroyOnReturn: false })) chunks.push(chunk);
  return chunks;
}

/** The next `count` values or, in byte mode, bytes. @param {any} pipe */
async function take(pipe, count) {
  const chunks = [];
  for (let got = 0; got < count;) {
    const chunk = pipe.readableObjectMode
      ? pipe.read()
      : pipe.read(Math.min(count - got, pipe.readableLength) || undefined);
    if (chunk === null) await once(pipe, 'readable');
    else {
      chunks.push(chunk);
      got += pipe.readableObjectMode ? 1 : chunk.length;
    }
  }
  return pipe.readableObjectMode ? chunks : Buffer.concat(chunks);
}

/** What happens to a pipe, in order. @param {any} pipe @returns {string[]} filled as it happens */
function eventsOf(pipe) {
  const seen = [];
  for (const name of ['end', 'finish', 'error', 'close']) pipe.on(name, () => seen.push(name));
  return seen;
}

/** @param {any} pipe @returns {Promise<Error | undefined>} that it was destroyed with */
async function closed(pipe) {
  if (!pipe.closed) await new Promise((resolve) => pipe.once('close', resolve));
  return pipe.errored ?? undefined;
}

/** End both ends and read what is left. @param {{ near: any, far: any }} pair */
async function finish({ near, far }) {
  for (const pipe of [near, far]) {
    pipe.resume();
    pipe.end();
  }
  await Promise.all([closed(near), closed(far)]);
}

/** Bytes of which each position is known. @param {number} length @param {number} [from] */
function pattern(length, from = 0) {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = ((from + i) * 31 + ((from + i) >> 8)) & 0xff;
  return bytes;
}

module.exports = { DIRECTIONS, along, pour, collect, take, eventsOf, closed, finish, pattern };
