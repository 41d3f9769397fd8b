'use strict';

/** The only file that loads the addon: lib/ sees it through these exports. */

const path = require('node:path');

/** HAWSER_ADDON names another build of the addon, such as one with sanitizers. */
function load() {
  if (process.env.HAWSER_ADDON) return open(path.resolve(process.env.HAWSER_ADDON));
  return openLikeHost() ?? open(require('node-gyp-build').path(path.join(__dirname, '..')));
}

/** The host's addon, so that a worker need not look for it; another Node may need another build. */
function openLikeHost() {
  try {
    return open(JSON.parse(process.env.HAWSER_WORKER).addon);
  } catch {
    return undefined;
  }
}

function open(file) {
  const native = require(file);
  native.start();
  native.file = file;
  return native;
}

module.exports = load();
