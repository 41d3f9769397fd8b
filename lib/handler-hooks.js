'use strict';

/** What may stand around a handler: middleware, a limit of those that run, tracing. */

const { HandlerContext } = require('./handler-context');
const { isThenable } = require('./middleware');
const { handling } = require('./tracing');

/**
 * @param {import('./middleware').Middleware} middleware of the end that serves
 * @param {number} [maxConcurrency]
 * @returns {(handler: Function) => Function} makes a handler one that has all that around it
 */
function wrapper(middleware, maxConcurrency) {
  const limit =
    maxConcurrency === undefined ? null : new (require('./limiter').Limiter)(maxConcurrency);
  return (handler) => {
    const limited = limit === null ? traced(handler) : limit.wrap(traced(handler));
    const around = withMiddleware(limited, middleware);
    return (payload, context) => (middleware.isEmpty ? limited : around)(payload, context);
  };
}

function traced(handler) {
  return (payload, context) => {
    if (!handling.isActive) return handler(payload, context);
    const { type, tx, metadata } = context;
    return handling.trace(async () => handler(payload, context), { type, tx, metadata, payload });
  };
}

function withMiddleware(handler, middleware) {
  return (payload, context) => {
    const about = (direction, kind, message) => {
      const { type, tx, metadata } = context;
      return { direction, kind, type, tx, message, metadata };
    };
    /** Send a message, and then do what is to be done with it. */
    const pass = (direction, kind, message, then) => {
      const passed = about(direction, kind, message);
      const pending = middleware.run(passed);
      return pending === undefined
        ? then(passed.message)
        : pending.then(() => then(passed.message));
    };
    const respond = (value) =>
      HandlerContext.isOneWay(context) ? value : pass('send', 'response', value, (last) => last);
    const fail = (error) => {
      if (HandlerContext.isOneWay(context)) throw error;
      return pass('send', 'error', error, rethrow);
    };
    return pass('receive', 'request', payload, (message) =>
      settled(() => handler(message, context), respond, fail),
    );
  };
}

/** As promise.then(respond, fail), at once where there is no promise. */
function settled(run, respond, fail) {
  let value;
  try {
    value = run();
    if (isThenable(value)) return Promise.resolve(value).then(respond, fail);
  } catch (error) {
    return fail(error);
  }
  return respond(value);
}

function rethrow(error) {
  throw error;
}

module.exports = { wrapper };
