#!/usr/bin/env node
'use strict';

/** hawser cflags | libs | pkgconfig | version: how a native worker is compiled and linked. */

const path = require('node:path');
const { INCLUDE, LIBRARY, prepareLibrary } = require('../scripts/native-library.js');
const { version } = require('../package.json');

const USAGE = `usage: hawser cflags | libs | pkgconfig | version

  cflags     flags to compile with
  libs       what to link with; compiles the library when there is none yet (CC, AR, CFLAGS)
  pkgconfig  the folder of hawser-worker.pc, for PKG_CONFIG_PATH; likewise
  version    of hawser

  cc worker.c $(npx hawser cflags) $(npx hawser libs) -o worker
`;

/**
 * A path as one word of a command line. A shell splits what $(...) brings at blanks and looks at no quotes
 * there, so a relative path is taken if that has none; backslashes help in a Makefile.
 */
function word(file) {
  const relative = path.relative(process.cwd(), file);
  const shown = /\s/.test(file) && !/\s/.test(relative) ? relative : file;
  return shown.replace(/[^\w@%+=:,./~-]/g, '\\$&');
}

const COMMANDS = {
  cflags: () => `-I${word(INCLUDE)}`,
  libs: async () => `${word(path.join(await prepareLibrary(), LIBRARY))} -pthread`,
  pkgconfig: prepareLibrary,
  version: () => version,
};

async function main([name, ...rest]) {
  if (name === '--help' && rest.length === 0) return process.stdout.write(USAGE);
  if (!Object.hasOwn(COMMANDS, name ?? '') || rest.length > 0) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  process.stdout.write(`${await COMMANDS[name]()}\n`);
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`hawser: ${error.message}\n`);
  process.exitCode = 1;
});
