'use strict';

const { StreamPipe } = require('../stream-pipe');

/**
 * A pipe that has its connection to itself. It may be used at once: what is written waits for the
 * connection, whose failure destroys it.
 */
class ConnectedPipe extends StreamPipe {
  #end;

  /**
   * @param {string} name
   * @param {import('../pipe-options').PipeOptions} options
   * @param {any} end of the connection: with whenOpen(tell), open(name, windows), abandon(error) and
   *   finish(), as ConnectingEnd
   */
  constructor(name, options, end) {
    const { signal, ...others } = options;
    super(name, others, (windows) => end.open(name, windows));
    this.#end = end;
    this.once('close', () => end.finish());
    this.heed(signal);
  }

  _construct(callback) {
    this.#end.whenOpen((error, isOpen) => {
      if (isOpen) super._construct(callback);
      else callback(error);
    });
  }

  /** A start that nobody waits for any more is not to hold up 'close'. */
  destroy(error, callback) {
    this.#end.abandon(error ?? null);
    // @ts-ignore the callback is in none of its types
    return super.destroy(error, callback);
  }
}

module.exports = { ConnectedPipe };
