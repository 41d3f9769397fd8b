'use strict';

/**
 * Compiles each test_*.c with the rooms that it includes, under sanitizers, and runs it.
 *
 *   node test/c/run.js [--san=address,undefined] [part of a file name ...]
 *
 * The core is linked alone, without libuv and Node: that it can be is part of what is tested.
 * Programs named *_threads.c run under the thread sanitizer.
 */

const { execFile, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
const OUT = path.join(ROOT, 'build', 'c');
const CC = process.env.CC || 'cc';
const INCLUDES = ['src', 'include', 'test/c', 'test/conformance/native'];
const PROGRAMS_OF_WORKERS = ['test/conformance/native', 'test/hostile/native'];
const WARNINGS = ['-Wall', '-Wextra', '-Werror'];
const CORE_FLAGS = ['-std=c11', '-Wpedantic', '-Wconversion'];
const TIME_LIMIT_MS = 60_000;
/** The argument of every program: the document that has the vectors. */
const PROTOCOL = path.join('docs', 'protocol.md');

/** Rooms other than the core, linked into a program that includes a header of theirs. */
const ROOMS = [
  { include: /<hawser\/(worker|msgpack)\.h>|"sdk\//, folders: ['src/sdk', 'src/os'] },
  { include: /"os\//, folders: ['src/os'] },
];

const glob = (folder, pattern) =>
  fs.existsSync(path.join(ROOT, folder))
    ? fs.readdirSync(path.join(ROOT, folder)).filter((name) => pattern.test(name))
    : [];

/**
 * @typedef {object} Program
 * @property {string} name    file name
 * @property {string} source  path below the root
 * @property {string[]} tests   names given to RUN, in order
 * @property {string[]} sources  C files linked with it
 */

/** @returns {Program[]} */
function listPrograms() {
  return glob('test/c', /^test_\w+\.c$/).map((name) => {
    const source = `test/c/${name}`;
    const text = fs.readFileSync(path.join(ROOT, source), 'utf8');
    const tests = [...text.matchAll(/\bRUN\((\w+)\)/g)].map((match) => match[1]);
    return { name, source, tests, sources: linkedSources(text) };
  });
}

function linkedSources(text) {
  const rooms = ROOMS.filter((room) => room.include.test(text)).flatMap((room) => room.folders);
  return ['src/core', ...new Set(rooms)].flatMap(sourcesOf);
}

const sourcesOf = (folder) =>
  glob(folder, /\.c$/)
    .filter((name) => !/_win\.c$/.test(name))
    .map((name) => `${folder}/${name}`);

const modified = (file) => fs.statSync(path.join(ROOT, file)).mtimeMs;

function newestHeader() {
  const rooms = ['src/core', 'src/os', 'src/sdk'];
  const folders = ['include/hawser', 'test/c', ...PROGRAMS_OF_WORKERS, ...rooms];
  const headers = folders.flatMap((folder) =>
    glob(folder, /\.h$/).map((name) => `${folder}/${name}`),
  );
  return Math.max(...headers.map(modified));
}

function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const settings = { cwd: ROOT, timeout: TIME_LIMIT_MS, maxBuffer: 64 << 20, ...options };
    execFile(command, args, settings, (error, stdout, stderr) =>
      resolve({ error, stdout, stderr }),
    );
  });
}

/** At most one job per core: tests of other suites share the machine. */
const waiting = [];
let free = os.availableParallelism();
async function limited(job) {
  if (free === 0) await new Promise((resolve) => waiting.push(resolve));
  else free--;
  try {
    return await job();
  } finally {
    if (waiting.length) waiting.shift()();
    else free++;
  }
}

/** Written under another name first: two runs may share the folder. */
async function compile(args, target) {
  const partial = `${target}.${process.pid}`;
  const { error, stderr } = await limited(() => run(CC, [...args, '-o', partial]));
  if (error) throw new Error(`${CC} ${args.join(' ')}\n${stderr || error.message}`);
  fs.renameSync(partial, target);
  return target;
}

const sanFlags = (san) => [
  ...['-g', '-O1'],
  ...(san ? [`-fsanitize=${san}`, '-fno-sanitize-recover=all'] : []),
];
const includeFlags = INCLUDES.map((folder) => `-I${folder}`);

const folderOf = (san) => san.replaceAll(',', '-') || 'plain';
const objects = new Map();
/** @returns {Promise<string>} the object file of one source, compiled once per set of sanitizers */
function compileObject(source, san) {
  const key = `${folderOf(san)}/${source.replaceAll('/', '-')}.o`;
  if (!objects.has(key)) objects.set(key, compileStale(source, san, path.join(OUT, key)));
  return objects.get(key);
}

async function compileStale(source, san, target) {
  fs.mkdirSync(path.dirname(target), { recursive: true });
  const newest = Math.max(modified(source), newestHeader());
  if (fs.existsSync(target) && fs.statSync(target).mtimeMs > newest) return target;
  const dialect = /^(src\/core|test\/c)\//.test(source) ? CORE_FLAGS : ['-std=gnu11'];
  return compile(
    [...dialect, ...WARNINGS, ...sanFlags(san), ...includeFlags, '-c', source],
    target,
  );
}

const defaultSan = (program) =>
  /_threads\.c$/.test(program.name) ? 'thread' : 'address,undefined';

/** @returns {Promise<string>} path of the executable */
async function build(program, san) {
  const sources = [...program.sources, program.source];
  const parts = await Promise.all(sources.map((source) => compileObject(source, san)));
  const threads = san === 'thread' || program.sources.length > glob('src/core', /\.c$/).length;
  const target = path.join(OUT, folderOf(san), program.name.replace(/\.c$/, ''));
  return compile([...parts, ...sanFlags(san), ...(threads ? ['-pthread'] : [])], target);
}

/**
 * Build a program that is linked with the SDK.
 * @param {string[]} sources paths below the root; the first names it
 * @param {string} [san] sanitizers; none if it is empty
 * @returns {Promise<string>} path of the executable, which is as new as what it is made of
 */
async function buildWorker(sources, san = '') {
  const rooms = ['src/core', 'src/os', 'src/sdk'].flatMap(sourcesOf);
  const all = [...sources, ...rooms].map((source) => compileObject(source, san));
  const parts = await Promise.all(all);
  const name = sources[0].replace(/\.c$/, '').replaceAll('/', '-');
  const target = path.join(OUT, folderOf(san), name);
  const isNewer = (part) => fs.statSync(part).mtimeMs > fs.statSync(target).mtimeMs;
  if (fs.existsSync(target) && !parts.some(isNewer)) return target;
  return compile([...parts, ...sanFlags(san), '-pthread'], target);
}

/** The thread sanitizer of older compilers cannot live with as much address randomisation as newer kernels have. */
const fixedAddresses =
  process.platform === 'linux' && spawnSync('setarch', ['-R', 'true']).status === 0
    ? ['setarch', '-R']
    : [];

/**
 * @typedef {object} Report
 * @property {Map<string, { ok: boolean, log: string }>} tests  by name, in the order printed
 * @property {string} failure  why the program as a whole failed; empty if it did not
 */

/** @returns {Report} */
function parse({ error, stdout, stderr }) {
  const tests = new Map();
  let log = '';
  for (const line of stdout.split('\n')) {
    const match = /^(not )?ok \d+ - (\w+)$/.exec(line);
    if (!match) log += `${line}\n`;
    else {
      tests.set(match[2], { ok: !match[1], log });
      log = '';
    }
  }
  const ending = error ? `ended with ${error.signal || `exit code ${error.code}`}` : '';
  return { tests, failure: ending && `${ending}\n${log}${stderr}` };
}

/**
 * @param {Program} program
 * @param {{ san?: string }} [options]
 * @returns {Promise<Report>} rejects when it does not compile
 */
async function runProgram(program, { san = defaultSan(program) } = {}) {
  const executable = await build(program, san);
  const command = [...(san === 'thread' ? fixedAddresses : []), executable, PROTOCOL];
  return parse(await limited(() => run(command[0], command.slice(1))));
}

async function reportProgram(program, options) {
  const report = await runProgram(program, options).catch((error) => ({
    tests: new Map(),
    failure: error.message,
  }));
  const lost = program.tests.filter((test) => !report.tests.get(test)?.ok);
  for (const test of lost) console.log(`${report.tests.get(test)?.log ?? ''}not ok - ${test}`);
  if (report.failure && !(lost.length && report.tests.size === program.tests.length))
    console.log(report.failure);
  const passed = program.tests.length - lost.length;
  console.log(`${program.name}: ${passed} passed, ${lost.length} failed`);
  return { passed, failed: lost.length || (report.failure ? 1 : 0) };
}

async function main(args) {
  const san = args.find((arg) => arg.startsWith('--san='))?.slice('--san='.length);
  const filters = args.filter((arg) => !arg.startsWith('--'));
  const programs = listPrograms().filter(
    ({ name }) => filters.length === 0 || filters.some((filter) => name.includes(filter)),
  );
  const counts = await Promise.all(programs.map((program) => reportProgram(program, { san })));
  const sum = (key) => counts.reduce((total, count) => total + count[key], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  process.exitCode = sum('failed') > 0 || programs.length === 0 ? 1 : 0;
}

if (require.main === module) main(process.argv.slice(2));

module.exports = { CC, buildWorker, fixedAddresses, listPrograms, runProgram };
