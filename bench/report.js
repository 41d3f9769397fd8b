'use strict';

/* node bench/report.js [--write] [FILE]: the tables of a run that `bench/run.js --json FILE` saved.
 * --write puts them between the markers in docs/benchmarks.md and, shortened, in README.md. */

const fs = require('node:fs');
const path = require('node:path');
const { cases } = require('./cases/index.js');
const { quantile } = require('./measure.js');

const RESULTS = path.join(__dirname, 'results/latest.json');
const ROOT = path.join(__dirname, '..');
const MARKED = /(<!-- bench:begin -->\n)[^]*?(<!-- bench:end -->)/;
const HEADLINERS = ['hawser', 'worker-threads', 'fork-json', 'fork-advanced', 'json-lines'];

/** @param {number} value  @returns {string} three significant digits, grouped */
function format(value) {
  if (!Number.isFinite(value)) return '–';
  if (Number.isInteger(value) && Math.abs(value) < 10_000) return value.toLocaleString('en-US');
  if (Math.abs(value) < 0.005) return '0';
  if (Math.abs(value) < 100) return String(Number(value.toPrecision(3)));
  return Number(value.toPrecision(3)).toLocaleString('en-US');
}

const median = (values) => (values.length === 0 ? NaN : quantile(values, 0.5));
const numbers = (trials, key) =>
  trials.map(({ figures }) => figures?.[key] ?? NaN).filter(Number.isFinite);

function worst(values, better) {
  if (values.length === 0) return NaN;
  return better === 'lower' ? Math.max(...values) : Math.min(...values);
}

/** How many times as good as the baseline of the same round, round by round. */
function ratios(trials, baselineTrials, { key, better }) {
  return trials.flatMap(({ round, figures }) => {
    const base = baselineTrials.find((trial) => trial.round === round)?.figures?.[key];
    const own = figures?.[key];
    if (!Number.isFinite(base) || !Number.isFinite(own)) return [];
    return [better === 'lower' ? base / own : own / base];
  });
}

/** @returns {{ columns: string[], rows: string[][] }} */
function tabulate(plan, trials) {
  const of = (name) => trials.filter(({ contender }) => contender === name);
  const [headline] = plan.figures;
  const shown = plan.figures.filter(({ key }) => numbers(trials, key).length > 0);
  const compare = (own) => {
    const times = ratios(own, of(plan.baseline), headline);
    return [format(median(times)), format(worst(times, 'higher'))];
  };
  const rows = plan.contenders
    .filter((name) => of(name).length > 0)
    .map((name) => {
      const own = of(name);
      const failure = own.find(({ error }) => error);
      if (failure) return [name, failure.error];
      return [
        name,
        ...shown.map(({ key }) => format(median(numbers(own, key)))),
        format(worst(numbers(own, headline.key), headline.better)),
        ...(plan.baseline ? compare(own) : []),
      ];
    });
  const titles = [...shown.map(({ title }) => title), `worst ${headline.title}`];
  return {
    columns: ['', ...titles, ...(plan.baseline ? [`× ${plan.baseline}`, 'worst ×'] : [])],
    rows,
  };
}

/** What a contender must leave to its neighbours, in words. */
function keeps(plan, trials) {
  const of = (name) => trials.filter(({ contender }) => contender === name);
  const name = 'hawser';
  return plan.figures
    .filter(({ keep }) => keep !== undefined)
    .map((figure) => ({ ...figure, shares: ratios(of(name), of(plan.baseline), figure) }))
    .filter(({ shares }) => shares.length > 0)
    .map((figure) => {
      const share = median(figure.shares) * 100;
      const wanted = `${figure.keep * 100} % wanted`;
      return `${name} keeps ${format(share)} % of ${figure.title} of ${plan.baseline} (${wanted})`;
    });
}

function alignedTable({ columns, rows }) {
  const table = [columns, ...rows];
  const widths = columns.map((_, at) => Math.max(...table.map((row) => (row[at] ?? '').length)));
  const align = (cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]));
  return table.map((row) => `  ${row.map(align).join('  ')}`.trimEnd()).join('\n');
}

function markdownTable({ columns, rows }) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = line(columns.map((_, at) => (at === 0 ? '---' : '--:')));
  const filled = rows.map((row) => columns.map((_, at) => row[at] ?? ''));
  return [line(columns), rule, ...filled.map(line)].join('\n');
}

/** One line on when, where and how. */
function heading({ date, commit, node, cpu, cores, system, rounds, settings }) {
  const how = `rounds: ${rounds}${settings === 'full' ? '' : ` (${settings})`}`;
  return `${date.slice(0, 10)}, commit ${commit}, Node ${node}, ${cpu}, ${cores} cores, ${system}, ${how}`;
}

/** @param {object} plan a case  @param {object[]} trials its trials  @returns {string} */
function textReport(plan, trials) {
  const notes = keeps(plan, trials).map((note) => `  ${note}`);
  return [`\n${plan.name}: ${plan.title}`, alignedTable(tabulate(plan, trials)), ...notes].join(
    '\n',
  );
}

function markdownReport(plan, trials) {
  const notes = keeps(plan, trials).map((note) => `\n${note}.`);
  return [`### ${plan.title}`, '', markdownTable(tabulate(plan, trials)), ...notes, ''].join('\n');
}

/** The first figure of each case for the contenders that readers know. */
function summary(run) {
  const known = played(run).filter(({ plan }) =>
    plan.contenders.some((name) => HEADLINERS.includes(name)),
  );
  const rows = known.map(({ plan, trials }) => {
    const [{ key, title }] = plan.figures;
    const figure = (name) =>
      numbers(
        trials.filter(({ contender }) => contender === name),
        key,
      );
    return [`${plan.title}: ${title}`, ...HEADLINERS.map((name) => format(median(figure(name))))];
  });
  return markdownTable({ columns: ['', ...HEADLINERS], rows });
}

const played = (run) =>
  cases
    .map((plan) => ({ plan, trials: run.trials.filter((trial) => trial.case === plan.name) }))
    .filter(({ trials }) => trials.length > 0);

function writeBetweenMarkers(name, content) {
  const file = path.join(ROOT, name);
  const page = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  if (!MARKED.test(page)) return console.log(`${name}: no markers, left alone`);
  fs.writeFileSync(
    file,
    page.replace(MARKED, (_, begin, end) => `${begin}\n${content}\n\n${end}`),
  );
  console.log(`${name}: written`);
}

function main(argv) {
  const file = argv.find((argument) => !argument.startsWith('--')) ?? RESULTS;
  const run = JSON.parse(fs.readFileSync(file, 'utf8'));
  if (!argv.includes('--write')) {
    console.log(heading(run));
    for (const { plan, trials } of played(run)) console.log(textReport(plan, trials));
    return;
  }
  const tables = played(run).map(({ plan, trials }) => markdownReport(plan, trials));
  writeBetweenMarkers('docs/benchmarks.md', [`${heading(run)}.\n`, ...tables].join('\n').trimEnd());
  writeBetweenMarkers('README.md', `${summary(run)}\n\n${heading(run)}.`);
}

if (require.main === module) main(process.argv.slice(2));

module.exports = { heading, textReport };
