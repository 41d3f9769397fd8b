'use strict';

const KILL_GRACE = 1000; // from SIGTERM to SIGKILL

/**
 * The process of a worker that somebody else has started: all that is known of it is the connection,
 * and for us it is over with that. It has the members of WorkerProcess.
 */
class RemoteProcess {
  #listener;
  #pid = 0;
  #resolve;
  /** @type {{ code: null, signal: null } | null} */
  exit = null;
  /** @type {Promise<any>} */
  exited = new Promise((resolve) => (this.#resolve = resolve));
  stdout = null;
  stderr = null;
  tail = undefined;

  /** @param {{ onExit: () => void }} listener at once */
  constructor(listener) {
    this.#listener = listener;
  }

  /** @param {number} pid of who listens, as the kernel says; 0: nobody that we can see */
  connected(pid) {
    this.#pid = pid;
  }

  /** It has let us go, and so its id may be anybody's from now on. */
  disconnected() {
    this.#pid = 0;
  }

  end() {
    if (this.exit !== null) return;
    this.disconnected();
    this.exit = { code: null, signal: null };
    this.#listener.onExit();
    this.#resolve(this.exit);
  }

  /** Not ours to kill for what it has done. */
  kill() {
    this.end();
  }

  /** @param {() => void} onKill before that */
  killLater(onKill) {
    onKill();
    this.end();
  }

  /** SIGTERM, and SIGKILL when that does not help, if the user says so. Resolves when it is over. */
  async killInSteps() {
    if (this.#pid === 0) return this.end();
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), KILL_GRACE);
    await this.exited;
    clearTimeout(timer);
  }

  /** @param {NodeJS.Signals} signal to the process, for the user has said so */
  signal(signal) {
    try {
      if (this.#pid !== 0) process.kill(this.#pid, signal);
    } catch {
      this.end(); // it is gone, or out of reach
    }
  }

  setRef() {}

  get pid() {
    return this.#pid === 0 ? undefined : this.#pid;
  }
}

module.exports = { RemoteProcess };
