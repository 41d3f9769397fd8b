'use strict';

/**
 * serves.js <path> <what>: a pipe server at a socket file; says where it listens. Its pipes are
 * answered by `what`: 'flood' writes numbers for ever; 'leave' writes numbers up to 5000, ends and
 * exits; 'hold' does nothing.
 */

const { createPipeServer } = require('hawser/pipes');

const [path, what] = process.argv.slice(2);

const ANSWERS = {
  hold() {},
  flood(pipe) {
    let n = 0;
    const more = () => {
      while (pipe.write(n++)) continue;
    };
    pipe.on('drain', more);
    more();
  },
  async leave(pipe) {
    for (let n = 0; n < 5000; n++) pipe.write(n);
    pipe.end().resume();
    pipe.once('close', () => server.close());
  },
};

/** @type {any} */
let server;

async function main() {
  server = await createPipeServer({ path, objectMode: true }, (pipe) => {
    pipe.on('error', () => {});
    ANSWERS[what](pipe);
  });
  console.log(server.address());
}

main();
