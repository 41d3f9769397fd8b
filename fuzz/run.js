'use strict';

/**
 * Builds each fuzz_*.c with clang's libFuzzer and runs it.
 *
 *   node fuzz/run.js [--seconds N] [part of a target's name ...]
 *
 * Starts from fuzz/corpus/<target>; what is found on the way stays in build/fuzz/<target>, and so
 * does an input that crashes. Exits with 1 after a crash, and with 77 when clang or its libFuzzer
 * is missing.
 */

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const ROOT = path.join(__dirname, '..');
const OUT = path.join(ROOT, 'build', 'fuzz');
const CLANG = process.env.FUZZ_CC || 'clang';
const FLAGS = ['-std=gnu11', '-g', '-O1', '-Wall', '-Wextra', '-Isrc', '-Iinclude', '-Itest/c'];
const SANITIZERS = ['-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all', '-pthread'];
const MISSING = 77;

function compile(sources, target) {
  return spawnSync(CLANG, [...FLAGS, ...SANITIZERS, ...sources, '-o', target], {
    cwd: ROOT,
    encoding: 'utf8',
  });
}

/** @returns {string} why fuzzing cannot be done here; empty if it can */
function missingTool() {
  const probe = path.join(OUT, 'probe.c');
  fs.writeFileSync(
    probe,
    'int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { (void) d; (void) n; return 0; }\n',
  );
  const { error, status, stderr } = compile([probe], path.join(OUT, 'probe'));
  if (error) return `${CLANG} is not there (${error.code}): install clang, or name one in FUZZ_CC`;
  return status === 0 ? '' : `${CLANG} has no libFuzzer: install its compiler-rt\n${stderr}`;
}

/** The core, and what of the rooms beside it a target includes. */
function linkedSources(target) {
  const text = fs.readFileSync(path.join(__dirname, `${target}.c`), 'utf8');
  const folders = /"sdk\/|<hawser\/msgpack\.h>/.test(text)
    ? ['src/core', 'src/os', 'src/sdk']
    : ['src/core'];
  return folders.flatMap((folder) =>
    fs
      .readdirSync(path.join(ROOT, folder))
      .filter((name) => name.endsWith('.c') && !name.endsWith('_win.c'))
      .map((name) => `${folder}/${name}`),
  );
}

function build(target) {
  const executable = path.join(OUT, `${target}.fuzzer`);
  const { status, stderr } = compile([`fuzz/${target}.c`, ...linkedSources(target)], executable);
  if (status !== 0) throw new Error(`${target} does not compile\n${stderr}`);
  return executable;
}

/** @returns {Promise<{ code: number | null, log: string }>} */
function fuzz(target, executable, seconds) {
  const found = path.join(OUT, target);
  const corpus = path.join(__dirname, 'corpus', target);
  fs.mkdirSync(found, { recursive: true });
  const args = [
    found,
    ...(fs.existsSync(corpus) ? [corpus] : []),
    `-max_total_time=${seconds}`,
    '-max_len=20000',
    '-timeout=10',
    '-rss_limit_mb=1024',
    '-print_final_stats=1',
    `-artifact_prefix=${path.join(OUT, `${target}-`)}`,
  ];
  return new Promise((resolve) => {
    const child = spawn(executable, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    child.stdout.resume();
    child.stderr.on('data', (text) => (log = (log + text).slice(-100_000)));
    child.on('close', (code) => resolve({ code, log }));
  });
}

const figure = (log, name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(log)?.[1] ?? 0);

function summary(target, { code, log }) {
  if (code !== 0) return `${target}: CRASHED (exit code ${code})\n${log.slice(-6000)}`;
  const runs = figure(log, 'stat::number_of_executed_units');
  const rate = figure(log, 'stat::average_exec_per_sec');
  const edges = [...log.matchAll(/ cov: (\d+)/g)].at(-1)?.[1] ?? '?';
  return `${target}: ${runs} runs, ${rate} per second, ${edges} edges, no crash`;
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { seconds: { type: 'string', default: '60' } },
    allowPositionals: true,
  });
  fs.mkdirSync(OUT, { recursive: true });
  const reason = missingTool();
  if (reason) {
    console.error(reason);
    return MISSING;
  }
  const targets = fs
    .readdirSync(__dirname)
    .filter((name) => /^fuzz_\w+\.c$/.test(name))
    .map((name) => name.slice(0, -2))
    .filter((name) => positionals.length === 0 || positionals.some((part) => name.includes(part)));
  let crashes = 0;
  for (const target of targets) {
    const result = await fuzz(target, build(target), Number(values.seconds));
    console.log(summary(target, result));
    if (result.code !== 0) crashes++;
  }
  return crashes > 0 || targets.length === 0 ? 1 : 0;
}

main().then((code) => (process.exitCode = code));
