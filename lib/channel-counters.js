'use strict';

/** What stats() tells of the connections that a worker has had. */

const ZERO = {
  bytesSent: 0,
  bytesReceived: 0,
  messagesSent: 0,
  messagesReceived: 0,
  batchesReceived: 0,
  doorbellsRung: 0,
  spinHits: 0,
  spinMisses: 0,
  missedWakeups: 0,
};

/** @param {typeof ZERO} past @param {any} channel @returns {typeof ZERO} both */
function addCounters(past, channel) {
  return {
    bytesSent: past.bytesSent + channel.counter('BYTES_SENT'),
    bytesReceived: past.bytesReceived + channel.counter('BYTES_RECEIVED'),
    messagesSent: past.messagesSent + channel.messagesSent,
    messagesReceived: past.messagesReceived + channel.messagesReceived,
    batchesReceived: past.batchesReceived + channel.counter('BATCHES_RECEIVED'),
    doorbellsRung: past.doorbellsRung + channel.counter('DOORBELLS_RUNG'),
    spinHits: past.spinHits + channel.counter('SPIN_HITS'),
    spinMisses: past.spinMisses + channel.counter('SPIN_MISSES'),
    missedWakeups: past.missedWakeups + channel.counter('MISSED_WAKEUPS'),
  };
}

module.exports = { ZERO, addCounters };
