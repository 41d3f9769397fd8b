'use strict';

const fs = require('node:fs');
const { WorkerCrashedError, WorkerStartError } = require('./errors');

const UNKNOWN = { code: null, signal: null };

/**
 * The worker did not reach READY.
 * @param {string} message
 * @param {{ exit?: { code: number | null, signal: string | null }, tail?: string, cause?: unknown }} about
 */
function startError(message, { exit, tail, cause }) {
  const details = {
    exitCode: exit?.code ?? undefined,
    signal: exit?.signal ?? undefined,
    stderrTail: tail,
  };
  return new WorkerStartError(message, cause === undefined ? details : { ...details, cause });
}

/**
 * The process could not be started at all.
 * @param {any} cause
 * @param {{ driver?: string, script?: any, cwd?: string }} [options] of createWorker
 */
function spawnError(cause, options = {}) {
  const why = whyNotSpawned(cause, options) ?? cause.message;
  return new WorkerStartError(`Worker process could not be started: ${why}`, { cause });
}

/** What the system means by its code, where that says little. @param {any} cause @param {any} options */
function whyNotSpawned({ code }, { driver, script, cwd }) {
  const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
  const folder = isMissing && cwd !== undefined ? kindOf(cwd) : 'directory';
  if (folder !== 'directory')
    return `its cwd ${cwd} ${folder === undefined ? 'does not exist' : 'is no directory'}`;
  if (driver !== 'native') return undefined;
  if (code === 'EACCES') return `${script} is no file that may be executed (EACCES)`;
  if (!isMissing) return undefined;
  if (kindOf(script) === undefined) return `${script} does not exist (${code})`;
  return `the interpreter that ${script} names does not exist (${code})`;
}

/** @param {string} path @returns {'directory' | 'other' | undefined} undefined: there is none */
function kindOf(path) {
  try {
    return fs.statSync(path).isDirectory() ? 'directory' : 'other';
  } catch {
    return undefined;
  }
}

/** The process ended before READY, for no reason that it told. */
function earlyExitError(exit, tail) {
  return startError(`Worker exited before it was ready (${exitText(exit)})`, { exit, tail });
}

/**
 * The worker died.
 * @param {object} about
 * @param {{ code: number | null, signal: string | null }} [about.exit]
 * @param {Error} [about.failure] why the host gave it up
 * @param {boolean} [about.closed] it had closed its connection, and was killed for it
 * @param {string} [about.type] of the call that this is for
 * @param {string} [about.tail]
 * @param {{ attempt: number, maxAttempts: number }} [about.tries] of a call that was tried again
 * @param {boolean} [about.isLate] the call was made when it was dead
 */
function crashError({ exit = UNKNOWN, failure, closed, type, tail, tries, isLate }) {
  const how = failure?.message ?? (closed ? 'it closed its connection' : exitText(exit));
  const doing = type === undefined ? '' : ` while processing '${String(type)}'`;
  const kind = failure ? 'error' : closed ? 'close' : 'exit';
  const reason = { type: kind, code: exit.code, signal: exit.signal };
  const { attempt = 1, maxAttempts = 1 } = tries ?? {};
  const after = attempt > 1 ? ` after ${attempt} attempts${doing} (${how})` : ` (${how})${doing}`;
  const text = isLate ? `Worker is not active: it crashed (${how})` : `Worker crashed${after}`;
  return new WorkerCrashedError(text, {
    reason: failure ? { ...reason, error: failure } : reason,
    messageType: type,
    attempt,
    maxAttempts,
    stderrTail: tail,
    ...(failure ? { cause: failure } : {}),
  });
}

function exitText({ code, signal }) {
  if (signal !== null) return `signal ${signal}`;
  return code === null ? 'its exit is not known yet' : `exit code ${code}`;
}

module.exports = { startError, spawnError, earlyExitError, crashError };
