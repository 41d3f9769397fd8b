'use strict';

/** Numbers shared with the core: docs/protocol.md P2.4, P2.5; src/core/session.h. */

exports.TYPE = {
  INIT: 2,
  METHODS: 3,
  READY: 4,
  DEFINE: 5,
  REQUEST: 6,
  RESPONSE: 7,
  ERROR: 8,
  CANCEL: 9,
  EVENT: 10,
  PROGRESS: 11,
  DATA: 13,
  END: 14,
  RESET: 15,
  CREDIT: 16,
};

exports.FLAG = { EXT: 0x10, ONEWAY: 0x20 };

exports.EVENT = {
  HELLO: 1,
  INIT: 2,
  METHODS: 3,
  READY: 4,
  START_ERROR: 5,
  DEFINE: 6,
  REQUEST: 7,
  RESPONSE: 8,
  ERROR: 9,
  PONG: 10,
  TIMEOUT: 11,
  DRAIN: 12,
  GOAWAY: 13,
  CANCEL: 14,
  EVENT: 15,
  PROGRESS: 16,
  LATE: 17,
  OPEN: 18,
  ACCEPT: 19,
  DATA: 20,
  END: 21,
  RESET: 22,
  WRITABLE: 23,
};

/** Reasons of GOAWAY (P6.1). */
exports.GOAWAY = { SHUTDOWN: 0, DISCONNECT: 1 };

/** What DRAIN is about. */
exports.DRAIN = { ALL: 1, LANE: 2, ENDS: 4 };

exports.ROLE = { HOST: 1, WORKER: 2 };

exports.HEADER_BYTES = 16;
/** The extension block that carries a deadline (P2.6). */
exports.DEADLINE_BYTES = 8;
/** A deadline that does not come (P2.8). */
exports.NEVER = 2 ** 32 - 1;
