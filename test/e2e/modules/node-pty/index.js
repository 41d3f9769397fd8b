'use strict';

/** As much of node-pty's shape as is used, over pipes: Ctrl-D behind a newline, or twice, ends the input. */

const { spawn } = require('node:child_process');
const { constants } = require('node:os');

exports.spawn = (file, args, { encoding, cols, ...options }) => {
  if (file === 'no-such-program') throw new Error('File not found: no-such-program');
  const child = spawn(file, args, options);
  child.stdin.on('error', () => {});
  const written = [];
  return {
    pid: child.pid,
    onData(listener) {
      child.stdout.on('data', (data) => listener(encoding === null ? data : String(data)));
      if (cols !== undefined) listener(Buffer.from(`${cols} columns\n`));
    },
    onExit(listener) {
      child.on('close', (exitCode, signal) => {
        listener({ exitCode: exitCode ?? 0, signal: constants.signals[signal] ?? 0 });
      });
    },
    write(data) {
      written.push(...data);
      const endsInput = /(^|\n)\x04$|\x04\x04$/.test(Buffer.from(written).toString()); // eslint-disable-line no-control-regex
      if (endsInput) child.stdin.end();
      else child.stdin.write(data);
    },
    kill: (signal) => child.kill(signal),
    pause: () => child.stdout.pause(),
    resume: () => child.stdout.resume(),
    resize: (columns, rows) => child.stdin.write(`resized to ${columns} ${rows}\n`),
  };
};
