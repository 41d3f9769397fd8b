'use strict';

/* Preloaded: sees every file that Node's loader compiles. */

const Module = require('node:module');

const load = Module._extensions['.js'];
globalThis.hooked = [];
Module._extensions['.js'] = (module, file) => {
  globalThis.hooked.push(file);
  load(module, file);
};
