'use strict';

/** Loads the script of a worker as node itself would: as the main module, of whatever kind it is. */

const Module = require('node:module');
const { pathToFileURL } = require('node:url');
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

const TYPESCRIPT = /\.[cm]?ts$/;
/** What a module says of itself when it cannot be required. */
const NEEDS_IMPORT = new Set(['ERR_REQUIRE_ESM', 'ERR_REQUIRE_ASYNC_MODULE']);

/**
 * @param {string} script absolute path
 * @returns {Promise<{ exported: any }>} its exports, when its evaluation has settled; in an object,
 *   because one of them may be called `then`
 */
async function loadScript(script) {
  try {
    return await (isCommonJs(script) ? loadMain(script) : importScript(script));
  } catch (error) {
    throw explained(script, error);
  }
}

/**
 * require.main is this module. Not Module._load(): it does not tell the exports of a main module
 * in which it found the syntax of ES modules.
 */
function loadMain(script) {
  // @ts-ignore not in the types, as what follows
  const { _resolveFilename, _cache } = Module;
  const filename = _resolveFilename(script, null, true);
  const main = /** @type {any} */ (new Module(filename));
  main.id = '.';
  process.mainModule = main;
  _cache[filename] = main;
  try {
    main.load(filename);
  } catch (error) {
    delete _cache[filename];
    process.mainModule = undefined;
    if (!NEEDS_IMPORT.has(error?.code) || hasBegun(filename)) throw error;
    return importScript(filename);
  }
  return { exported: main.exports };
}

/** What cannot be compiled as CommonJS was not run; of the rest a require of its own was refused. */
function hasBegun(filename) {
  const text = fs.readFileSync(filename, 'utf8').replace(/^#!.*/, '');
  try {
    vm.compileFunction(text, ['exports', 'require', 'module', '__filename', '__dirname']);
    return true;
  } catch {
    return false;
  }
}

async function importScript(script) {
  return { exported: await import(pathToFileURL(script).href) };
}

function isCommonJs(script) {
  const ending = path.extname(script);
  if (ending === '.mjs' || ending === '.mts') return false;
  return ending === '.cjs' || ending === '.cts' || packageType(path.dirname(script)) !== 'module';
}

function packageType(folder) {
  const file = path.join(folder, 'package.json');
  if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8')).type;
  const above = path.dirname(folder);
  return above === folder ? undefined : packageType(above);
}

/** A Node that knows no types, and has no loader for them, sees but a strange syntax. */
function explained(script, cause) {
  // @ts-ignore newer than the types
  if (!TYPESCRIPT.test(script) || process.features.typescript) return cause;
  if (!(cause instanceof SyntaxError) && cause?.code !== 'ERR_UNKNOWN_FILE_EXTENSION') return cause;
  const text = `Node ${process.version} does not strip types: compile ${script}, or load it through execArgv`;
  return new Error(text, { cause });
}

/** Own enumerable functions; a bare function is 'default'. */
function handlersOf(exported) {
  if (typeof exported === 'function') return { default: exported };
  const handlers = {};
  for (const [name, value] of Object.entries(exported ?? {})) {
    if (typeof value === 'function' && name !== 'module.exports') handlers[name] = value;
  }
  return handlers;
}

module.exports = { loadScript, handlersOf };
