'use strict';

/** The only file that loads the addon: lib/ sees it through these exports. */

const os = require('node:os');
const path = require('node:path');

/** HAWSER_ADDON names another build of the addon, such as one with sanitizers. */
function load() {
  if (process.env.HAWSER_ADDON) return require(path.resolve(process.env.HAWSER_ADDON));
  return require('node-gyp-build')(path.join(__dirname, '..'));
}

const native = load();
native.start(os.availableParallelism());

module.exports = native;
