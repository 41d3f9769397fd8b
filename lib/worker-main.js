'use strict';

/**
 * The main module of a worker process. It loads hawser's own files by itself, into the cache of
 * Node's loader: that takes a quarter of a millisecond for each of them, most of it to find out
 * where the file is, and hooks that a user has put into it are not meant for us.
 */

const Module = require('node:module');
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

const PARAMETERS = ['exports', 'require', 'module', '__filename', '__dirname'];
/** import() works only in files that Node has loaded. */
const SCRIPT = path.join(__dirname, 'script');
const CODEC = path.join(__dirname, 'codec');

/** What the files of a folder know as require. */
function requireIn(folder) {
  return (id) => {
    if (!id.startsWith('.')) return require(id);
    const place = path.join(folder, id);
    if (place === SCRIPT) return require(place);
    const file = place === CODEC ? path.join(place, 'index.js') : `${place}.js`;
    return (require.cache[file] ?? load(file)).exports;
  };
}

function load(file) {
  const compiled = vm.compileFunction(fs.readFileSync(file, 'utf8'), PARAMETERS, {
    filename: file,
  });
  const folder = path.dirname(file);
  const module = new Module(file);
  module.filename = file;
  require.cache[file] = module;
  try {
    compiled.call(module.exports, module.exports, requireIn(folder), module, file, folder);
  } catch (error) {
    delete require.cache[file];
    throw error;
  }
  module.loaded = true;
  return module;
}

const { begin } = requireIn(__dirname)('./bootstrap');
const config = JSON.parse(process.env.HAWSER_WORKER ?? '');
delete process.env.HAWSER_WORKER;
process.argv.splice(1, 1); // argv[1] is the script
begin(config);
