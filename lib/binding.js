'use strict';

/** The only file that loads the addon: lib/ sees it through these exports. */

const path = require('node:path');

/**
 * HAWSER_ADDON names another build of the addon, such as one with sanitizers. It is not handed on:
 * a worker's own environment may lack what such a build needs.
 */
function load() {
  if (process.env.HAWSER_ADDON) return open(path.resolve(process.env.HAWSER_ADDON));
  return openLikeHost() ?? openFound(require('node-gyp-build').path(path.join(__dirname, '..')));
}

/** The host's addon, so that a worker need not look for it; another Node may need another build. */
function openLikeHost() {
  try {
    return openFound(JSON.parse(process.env.HAWSER_WORKER ?? '').addon);
  } catch {
    return undefined;
  }
}

/** `file` is for the workers that this process starts. */
function openFound(file) {
  const native = open(file);
  native.file = file;
  return native;
}

function open(file) {
  const native = require(file);
  native.start();
  return native;
}

module.exports = load();
