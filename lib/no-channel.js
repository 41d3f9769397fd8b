'use strict';

/** In the place of a Channel where there is no connection yet. */
const NO_CHANNEL = Object.freeze({
  isClosed: true,
  isOverMark: false,
  isOverCap: false,
  queuedBytes: 0,
  queuedRecords: 0,
  messagesSent: 0,
  messagesReceived: 0,
  counter: () => 0,
  sendBytes() {},
  goaway() {},
  wantDrain() {},
  endStreams() {},
  async finishStreams() {},
  setRef() {},
  readRest() {},
  close() {},
});

module.exports = { NO_CHANNEL };
