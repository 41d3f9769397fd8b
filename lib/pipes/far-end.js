'use strict';

const { AcceptingEnd } = require('./accepting-end');

/** The accepting end of a connection whose pipe is there before the other end has opened it. */
class FarEnd {
  #end;
  /** @type {any} a StreamEnd, once it is open */
  #stream = null;
  /** @type {((error: Error | null, isOpen: boolean) => void) | null} */
  #tell = null;
  /** @type {{ error: Error | null } | null} its pipe was destroyed before it was open */
  #abandoned = null;

  /** @param {any} link */
  constructor(link) {
    this.#end = new AcceptingEnd(() => link, { timeout: 0, owner: this });
  }

  onOpen(stream) {
    this.#stream = stream;
    if (this.#abandoned === null) {
      this.#tell?.(null, true);
      return;
    }
    stream.reset(this.#abandoned.error);
    this.#end.finish();
  }

  onLost(error) {
    if (this.#abandoned === null) this.#tell?.(error, false);
  }

  // ---------------------------------------------------------------- for its pipe, as ConnectingEnd

  whenOpen(tell) {
    if (this.#abandoned === null) this.#tell = tell;
    else tell(null, false);
  }

  open(name, windows) {
    if (this.#stream === null) return undefined;
    this.#stream.accept(windows);
    return this.#stream;
  }

  abandon(error) {
    if (this.#stream !== null || this.#abandoned !== null) return;
    this.#abandoned = { error };
    this.#tell?.(null, false);
  }

  finish() {
    if (this.#stream !== null) this.#end.finish();
  }
}

module.exports = { FarEnd };
