'use strict';

/**
 * Builds the addon with node-gyp.
 *
 *   node scripts/build.js              build/Release/hawser.node
 *   node scripts/build.js --werror     the same, a warning is an error
 *   node scripts/build.js --prebuild   the same, copied to where a published package carries it
 *   node scripts/build.js --sanitize   build/Debug/hawser.node with address and undefined sanitizers
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const NODE_DIR = path.dirname(fs.realpathSync(process.execPath));
const PREFIX = process.platform === 'win32' ? NODE_DIR : path.dirname(NODE_DIR);

/** npm names the node-gyp that it carries; outside of npm it is looked for where npm lies. */
function findNodeGyp() {
  const modules = process.platform === 'win32' ? 'node_modules' : 'lib/node_modules';
  const candidates = [
    process.env.npm_config_node_gyp,
    path.join(ROOT, 'node_modules/node-gyp/bin/node-gyp.js'),
    path.join(PREFIX, modules, 'npm/node_modules/node-gyp/bin/node-gyp.js'),
  ];
  const found = candidates.find((file) => file && fs.existsSync(file));
  if (!found) throw new Error('node-gyp not found: run this through npm, or install node-gyp here');
  return found;
}

/** The headers beside the running node save a download; a nodedir that the user set wins. */
function headerArguments() {
  const beside = fs.existsSync(path.join(PREFIX, 'include/node/node_api.h'));
  return beside && !process.env.npm_config_nodedir ? [`--nodedir=${PREFIX}`] : [];
}

function build({ sanitize, werror }) {
  const args = [findNodeGyp(), 'configure', 'build', '--loglevel=warn', '--jobs=max'];
  args.push(...headerArguments(), sanitize ? '--debug' : '--release');
  const defines = `${process.env.GYP_DEFINES ?? ''} werror=${werror ? 1 : 0}`.trim();
  const env = { ...process.env, GYP_DEFINES: defines };
  const { status, error } = spawnSync(process.execPath, args, { cwd: ROOT, env, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** The name by which node-gyp-build picks the file: Linux has two C libraries. */
function prebuildPath() {
  const glibc = process.report.getReport().header.glibcVersionRuntime;
  const libc = process.platform === 'linux' ? (glibc ? '.glibc' : '.musl') : '';
  const folder = `${process.platform}-${process.arch}`;
  return path.join(ROOT, 'prebuilds', folder, `hawser${libc}.node`);
}

function copyPrebuild() {
  const target = prebuildPath();
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.copyFileSync(path.join(ROOT, 'build/Release/hawser.node'), target);
}

const has = (flag) => process.argv.includes(flag);
build({ sanitize: has('--sanitize'), werror: has('--werror') });
if (has('--prebuild')) copyPrebuild();
