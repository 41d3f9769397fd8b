'use strict';

/**
 * The errors that hawser itself raises. `code` is the stable part, messages are not API.
 * Every constructor takes `(message, details)`: `details.cause` becomes the cause, everything
 * else a property of the error.
 */
class HawserError extends Error {
  static code = 'ERR_HAWSER';

  /**
   * @param {string} message
   * @param {{ cause?: unknown, code?: string, [field: string]: unknown }} [details]
   */
  constructor(message, details = {}) {
    const { cause, ...fields } = details;
    super(message, 'cause' in details ? { cause } : undefined);
    /** @type {string} */
    this.code = new.target.code;
    Object.assign(this, fields);
  }
}

/** @param {string} word @param {string} message */
function mentioning(word, message) {
  return message.includes(word) ? message : `${word}: ${message}`;
}

class WorkerError extends HawserError {
  /** @param {string} message @param {object} [details] */
  constructor(message, details) {
    super(mentioning('Worker', message), details);
  }
}

/** The worker did not reach READY. Fields: exitCode, signal, stderrTail. */
class WorkerStartError extends WorkerError {
  static code = 'ERR_HAWSER_START';
}

/** The worker died. Fields: reason, messageType, attempt, maxAttempts, stderrTail. */
class WorkerCrashedError extends WorkerError {
  static code = 'ERR_HAWSER_CRASHED';

  /** @param {string} message @param {object} [details] */
  constructor(message, details) {
    super(message, { reason: { type: 'close' }, attempt: 1, maxAttempts: 1, ...details });
  }
}

class WorkerClosedError extends WorkerError {
  static code = 'ERR_HAWSER_CLOSED';
}

/** Fields: phase ('startup' | 'connect' | 'queue' | 'run'), timeout in milliseconds. */
class TimeoutError extends HawserError {
  static code = 'ERR_HAWSER_TIMEOUT';

  /** @param {string} message @param {object} [details] */
  constructor(message, details) {
    super(mentioning('timeout', message), details);
  }
}

class OverloadedError extends HawserError {
  static code = 'ERR_HAWSER_OVERLOADED';
}

/** Field: messageType. */
class UnknownTypeError extends HawserError {
  static code = 'ERR_HAWSER_UNKNOWN_TYPE';
}

/** Version, codec, token or peer do not fit. */
class HandshakeError extends HawserError {
  static code = 'ERR_HAWSER_HANDSHAKE';
}

/** The peer broke the rules. Field: rule. */
class ProtocolError extends HawserError {
  static code = 'ERR_HAWSER_PROTOCOL';
}

/** A value that cannot travel. Field: path, such as `payload.items[3].fn`. */
class SerializationError extends HawserError {
  static code = 'ERR_HAWSER_SERIALIZE';
}

/** This payload killed every worker that it met. Fields: messageType, attempts. */
class PoisonMessageError extends HawserError {
  static code = 'ERR_HAWSER_POISON';
}

/** This driver cannot do it. */
class UnsupportedError extends HawserError {
  static code = 'ERR_HAWSER_UNSUPPORTED';
}

/** Over maxMessageBytes. */
class TooLargeError extends HawserError {
  static code = 'ERR_HAWSER_TOO_LARGE';
}

/** Thrown in the worker, of a class unknown here; keeps its name and, if it had one, its code. */
class RemoteError extends HawserError {
  static code = 'ERR_HAWSER_REMOTE';
}

const classes = {
  HawserError,
  WorkerStartError,
  WorkerCrashedError,
  WorkerClosedError,
  TimeoutError,
  OverloadedError,
  UnknownTypeError,
  HandshakeError,
  ProtocolError,
  SerializationError,
  PoisonMessageError,
  UnsupportedError,
  TooLargeError,
  RemoteError,
};

for (const [name, { prototype }] of Object.entries(classes)) {
  Object.defineProperty(prototype, 'name', { value: name, writable: true, configurable: true });
}

module.exports = classes;
