'use strict';

/** Who is told what comes on a stream, once per batch. It does nothing. */
class StreamOwner {
  /** @param {any[]} _chunks values, or Buffers */
  onChunks(_chunks) {}

  /** The peer sends no more. */
  onEnd() {}

  /** The peer has ended the stream in both directions. @param {Error | null} _error */
  onReset(_error) {}

  /** A message cannot be read. @param {Error} _error */
  onUnreadable(_error) {}

  /** There is room again. */
  onWritable() {}

  /** The channel is over. @param {Error} _error @param {boolean} _isAsked here */
  onLost(_error, _isAsked) {}
}

module.exports = { StreamOwner };
