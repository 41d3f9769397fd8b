'use strict';

const SIGNALS = ['SIGTERM', 'SIGINT'];

/**
 * Leave in good order on SIGTERM and SIGINT, and then by that signal, as whoever sent it expects. A
 * script that listens for one itself is left alone with it.
 * @param {(signal: string) => void} leave ends the process in its time; at the second signal at once
 */
function heedSignals(leave) {
  let heeded = false;
  const heed = (signal) => {
    if (process.listenerCount(signal) > 1) return;
    if (!heeded) process.once('exit', () => endBy(signal)); // after the script's own listeners
    heeded = true;
    leave(signal);
  };
  for (const signal of SIGNALS) process.on(signal, heed);
}

function endBy(signal) {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

module.exports = { heedSignals };
