'use strict';

/** Flags that give a process its program, or another task than to run one. */
const PROGRAM = new Set(
  '-e --eval -p --print -pe -i --interactive -c --check --test --watch'.split(' '),
);

/**
 * The flags of this process that its workers share: not those that say what it runs, such as
 * `--eval`, or each worker would be this program again.
 * @param {string[]} [flags] default: process.execArgv
 * @returns {string[]}
 */
function inheritedExecArgv(flags = process.execArgv) {
  // Not in the documentation, and what child_process.fork() looks at.
  const program = /** @type {any} */ (process)._eval;
  return flags.filter((flag, i) => {
    if (flag === '--input-type' || flags[i - 1] === '--input-type') return false;
    const [name] = flag.split('=', 1);
    return !PROGRAM.has(name) && name !== '--input-type' && (program == null || flag !== program);
  });
}

module.exports = { inheritedExecArgv };
