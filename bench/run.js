'use strict';

/* npm run bench -- [words] [--rounds 5] [--smoke] [--json FILE]
 * A word is a case or the beginning of one, or of a contender; several narrow both. */

const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { text } = require('node:stream/consumers');
const { parseArgs } = require('node:util');
const { cases, settings } = require('./cases/index.js');
const contenders = require('./contenders/index.js');
const { heading, textReport } = require('./report.js');

const TRIAL = path.join(__dirname, 'trial.js');

/** @returns {{ plan: object[], rounds: number, settingsName: string, file?: string }} */
function parsePlan(argv) {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      smoke: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  });
  const rounds = Number(values.rounds ?? (values.smoke ? 1 : 5));
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`--rounds ${values.rounds}`);
  const plan = choose(positionals);
  return { plan, rounds, settingsName: values.smoke ? 'smoke' : 'full', file: values.json };
}

function choose(words) {
  const names = Object.keys(contenders);
  const chosenCases = new Set();
  const chosenContenders = new Set();
  for (const word of words) {
    const ofCases = cases.filter(({ name }) => name.startsWith(word));
    const ofContenders = names.filter((name) => name.startsWith(word));
    if (ofCases.length + ofContenders.length === 0) {
      throw new RangeError(`neither a case nor a contender: ${word}`);
    }
    for (const one of ofCases) chosenCases.add(one);
    for (const one of ofContenders) chosenContenders.add(one);
  }
  const takesPart = (name) => chosenContenders.size === 0 || chosenContenders.has(name);
  return cases
    .filter((one) => chosenCases.size === 0 || chosenCases.has(one))
    .map((one) => ({ ...one, contenders: one.contenders.filter(takesPart) }));
}

/** Every other round runs backwards, so that a drift of the machine falls on all alike. */
function order(names, round) {
  return round % 2 === 0 ? names : [...names].reverse();
}

/** @returns {Promise<object>} { case, contender, round } with { transport, figures } or { error } */
async function runTrial(caseName, contender, round, settingsName) {
  const child = spawn(process.execPath, [TRIAL, caseName, contender, settingsName], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: settings[settingsName].timeoutMs,
    killSignal: 'SIGKILL',
  });
  const [output, [code, signal]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  const trial = { case: caseName, contender, round };
  if (code === 0 && output !== '') return { ...trial, ...JSON.parse(output) };
  return { ...trial, error: signal ? `killed by ${signal}` : `exit code ${code}` };
}

async function runCase({ name, contenders: names }, { rounds, settingsName }) {
  const trials = [];
  for (let round = 0; round < rounds; round++) {
    const start = (contender) => runTrial(name, contender, round, settingsName);
    const contending = order(names, round);
    if (settings[settingsName].allAtOnce)
      trials.push(...(await Promise.all(contending.map(start))));
    else for (const contender of contending) trials.push(await start(contender));
  }
  return trials;
}

function describeRun({ rounds, settingsName }) {
  return {
    date: new Date().toISOString(),
    commit: commit(),
    node: process.version,
    cpu: os.cpus()[0].model.trim(),
    cores: os.availableParallelism(),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    rounds,
    settings: settingsName,
  };
}

function commit() {
  try {
    const args = ['describe', '--always', '--dirty'];
    return execFileSync('git', args, { cwd: __dirname, stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
  } catch {
    return 'unknown'; // a copy without git
  }
}

function save(file, run) {
  fs.mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  const trials = run.trials.map((trial) => JSON.stringify(trial));
  const head = JSON.stringify({ ...run, trials: [] }, null, 1).replace(/\[\]\n}$/, '');
  fs.writeFileSync(file, `${head}[\n${trials.join(',\n')}\n]}\n`);
}

async function main() {
  const options = parsePlan(process.argv.slice(2));
  const run = { ...describeRun(options), trials: [] };
  console.log(heading(run));
  for (const one of options.plan) {
    const trials = await runCase(one, options);
    run.trials.push(...trials);
    console.log(textReport(one, trials));
  }
  if (options.file) save(options.file, run);
  if (run.trials.some(({ error }) => error)) process.exitCode = 1;
}

main().catch((error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 2;
});
