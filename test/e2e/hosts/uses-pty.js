'use strict';

/* uses-pty.js command [argument...]: in a terminal, with what comes on stdin. Prints what it wrote as
 * text, or the error, as JSON. */

const { pipeline } = require('node:stream/promises');
const { text } = require('node:stream/consumers');
const { ProcessPipeAdapter } = require('hawser/pipes');

async function main([command, ...args]) {
  let output = '';
  try {
    const adapter = new ProcessPipeAdapter(command, args, { pty: true, cols: 70 });
    const pipe = adapter.createDuplex();
    await pipeline(process.stdin, pipe, async (source) => (output = await text(source)));
  } catch ({ name, message, signal, exitCode }) {
    console.log(JSON.stringify({ name, message, signal, exitCode }));
    return;
  }
  console.log(JSON.stringify({ output }));
}

main(process.argv.slice(2));
