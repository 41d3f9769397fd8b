'use strict';

/**
 * The runtime of native workers as a static library: compiled when it is first asked for, from the
 * sources in the package, by the user's compiler ($CC, $AR, $CFLAGS).
 */

const { execFile } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { version } = require('../package.json');

const ROOT = path.join(__dirname, '..');
const INCLUDE = path.join(ROOT, 'include');
const LIBRARY = 'libhawser-worker.a';
const ROOMS = ['src/core', 'src/os', 'src/sdk'];
/** Unwind tables would be a fifth of it; nothing may be thrown through C, and -g brings them back. */
const DEFAULT_FLAGS = [
  '-O2',
  '-ffunction-sections',
  '-fdata-sections',
  '-fno-asynchronous-unwind-tables',
];
/** Behind the user's: a dialect or -Werror of theirs is meant for their sources. */
const OUR_FLAGS = ['-std=gnu11', '-Wno-error', '-fPIC', '-fvisibility=hidden'];
const INCLUDES = [`-I${path.join(ROOT, 'src')}`, `-I${INCLUDE}`];
const MAX_OUTPUT_BYTES = 16 << 20;

const PKG_CONFIG = `prefix=\${pcfiledir}

Name: hawser-worker
Description: Workers in C for programs of Node.js
Version: ${version}
Cflags: -I\${prefix}/include
Libs: -L\${prefix} -lhawser-worker -pthread
`;

const words = (text) => text.split(/\s+/).filter(Boolean);
const filesIn = (folder) =>
  fs
    .readdirSync(path.join(ROOT, folder))
    .filter((name) => /(?<!_win)\.[ch]$/.test(name))
    .sort()
    .map((name) => `${folder}/${name}`);

/** What the environment says to compile with. */
function toolchain({ CC, AR, CFLAGS } = process.env) {
  return { cc: words(CC || 'cc'), ar: words(AR || 'ar'), flags: words(CFLAGS || '') };
}

/** Runs a tool; what it says is the message of the error, should it fail. */
async function run([tool, ...first], args) {
  try {
    const options = { maxBuffer: MAX_OUTPUT_BYTES };
    return await promisify(execFile)(tool, [...first, ...args], options);
  } catch (cause) {
    const missing = `${tool}: not found; the variables CC and AR name the compiler and ar`;
    const said = `${[tool, ...first, ...args].join(' ')}\n${cause.stderr || cause.message}`;
    throw new Error(cause.code === 'ENOENT' ? missing : said.trimEnd(), { cause });
  }
}

/** A name for what would come out: of the sources, the compiler, however it was called, and its flags. */
async function keyOf({ cc, flags }, files) {
  const { stdout, stderr } = await run(cc, ['-v']);
  const compiler = `${stdout}${stderr}`.replace(/^COLLECT_GCC=.*$/m, '');
  const said = JSON.stringify([cc.slice(1), flags, compiler, version]);
  const hash = createHash('sha256').update(said);
  for (const file of files) hash.update(file).update(fs.readFileSync(path.join(ROOT, file)));
  return hash.digest('hex').slice(0, 16);
}

/** Runs a job per item, as many at a time as there are cores; all are over when it settles. */
async function inParallel(items, job) {
  const left = items.values();
  const lane = async () => {
    for (const item of left) await job(item);
  };
  const ends = await Promise.allSettled(Array.from({ length: os.availableParallelism() }, lane));
  const failed = ends.find(({ status }) => status === 'rejected');
  if (failed) throw failed.reason;
}

async function compile({ cc, ar, flags }, sources, folder) {
  const allFlags = [...DEFAULT_FLAGS, ...flags, ...OUR_FLAGS, ...INCLUDES];
  const objectOf = (file) => path.join(folder, `${file.replaceAll('/', '-')}.o`);
  await inParallel(sources, (file) =>
    run(cc, [...allFlags, '-c', path.join(ROOT, file), '-o', objectOf(file)]),
  );
  const library = path.join(folder, LIBRARY);
  await run(ar, ['rcs', library, ...sources.map(objectOf)]);
  return library;
}

/** Under another name first: others may be looking for it, or putting it there, too. */
function place(content, target) {
  const partial = `${target}.${process.pid}`;
  fs.writeFileSync(partial, content);
  fs.renameSync(partial, target);
}

/** The library comes last: where it is, the others are. */
function install(library, folder) {
  const headers = path.join(folder, 'include/hawser');
  fs.mkdirSync(headers, { recursive: true });
  for (const name of fs.readdirSync(path.join(INCLUDE, 'hawser')))
    place(fs.readFileSync(path.join(INCLUDE, 'hawser', name)), path.join(headers, name));
  place(PKG_CONFIG, path.join(folder, 'hawser-worker.pc'));
  place(fs.readFileSync(library), path.join(folder, LIBRARY));
}

/** Folders that libraries may be kept in, best first; those outside of the package are the user's alone. */
function shelves({ XDG_CACHE_HOME: cache = '', HOME: home = '' } = process.env) {
  const own = [cache, home && path.join(home, '.cache')].filter(path.isAbsolute).slice(0, 1);
  return [
    { folder: path.join(ROOT, 'build/worker'), isPrivate: false },
    ...own.map((folder) => ({ folder: path.join(folder, 'hawser'), isPrivate: true })),
    { folder: path.join(os.tmpdir(), `hawser-${process.getuid()}`), isPrivate: true },
  ];
}

/** What others could have put there must not be linked into a program of this user. */
function isOurs(folder) {
  const { uid, mode } = fs.lstatSync(folder);
  return uid === process.getuid() && (mode & 0o022) === 0;
}

/** Throws unless it holds the library of that key, or can. */
function openShelf({ folder, isPrivate }, key) {
  if (!fs.existsSync(folder))
    fs.mkdirSync(folder, { recursive: true, mode: isPrivate ? 0o700 : 0o777 });
  if (isPrivate && !isOurs(folder)) throw new Error(`${folder}: others can write there`);
  if (!fs.existsSync(path.join(folder, key, LIBRARY))) fs.accessSync(folder, fs.constants.W_OK);
  return path.join(folder, key);
}

function findFolder(key) {
  const refusals = [];
  for (const shelf of shelves()) {
    try {
      return openShelf(shelf, key);
    } catch (error) {
      refusals.push(error.message);
    }
  }
  throw new Error(`no place for the library:\n${refusals.join('\n')}`);
}

/**
 * The folder that holds the library, its headers, and hawser-worker.pc; compiled now if there is none
 * of this compiler and these flags.
 * @returns {Promise<string>} rejects with what the compiler said
 */
async function prepareLibrary() {
  if (process.platform === 'win32') throw new Error('there are no native workers on Windows yet');
  const tools = toolchain();
  const files = [...ROOMS, 'include/hawser'].flatMap(filesIn);
  const folder = findFolder(await keyOf(tools, files));
  if (fs.existsSync(path.join(folder, LIBRARY))) return folder;
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'hawser-worker-'));
  try {
    const sources = files.filter((file) => file.endsWith('.c'));
    install(await compile(tools, sources, scratch), folder);
  } finally {
    fs.rmSync(scratch, { recursive: true });
  }
  return folder;
}

module.exports = { INCLUDE, LIBRARY, prepareLibrary };
